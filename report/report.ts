/** `report`: one HTML page of what is published, which needs nothing but itself. */
import { access, constants, writeFile } from "node:fs/promises";
import path from "node:path";

import { RequestError } from "../src/platform/errors";
import type { PublishedMonths } from "../src/extract/run";
import { type Problem, readFigures } from "./figures";
import { page } from "./page";

export interface ReportOptions {
  readonly file: string;
  readonly madeAt: Date;
  /** Hears what is being read. */
  readonly observe: (doing: string) => void;
}

/** @throws RequestError if the file can't be written; if its folder can't, before anything is read. */
export async function writeReport(
  published: PublishedMonths,
  { file, madeAt, observe }: ReportOptions,
): Promise<{ readonly fileCount: number; readonly problems: readonly Problem[] }> {
  await access(path.dirname(path.resolve(file)), constants.W_OK).catch(unwritable(file));
  const figures = await readFigures(published, madeAt, observe);
  await writeFile(file, page(figures)).catch(unwritable(file));
  return { fileCount: figures.fileCount, problems: figures.problems };
}

function unwritable(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new RequestError(`can't write ${file}: ${(cause as Error).message}`, {
      hint: "Name a file in a folder that exists and may be written to, by --output.",
      cause,
    });
  };
}
