/** `report`: one self-contained HTML page about the publications. */
import { access, constants, writeFile } from "node:fs/promises";
import path from "node:path";

import { RequestError } from "../src/platform/errors";
import type { PublishedMonths } from "../src/extract/run";
import type { DeliveryFigures } from "./deliveries";
import { type MonthFigures, type Problem, readFigures } from "./figures";
import { page } from "./page";

export interface ReportOptions {
  readonly file: string;
  readonly madeAt: Date;
  /** Called with what is being read. */
  readonly observe: (step: string) => void;
  /** Reads what banks have delivered in these months; without intake, the page has no such section. */
  readonly readDeliveries?: (months: readonly MonthFigures[]) => Promise<DeliveryFigures | undefined>;
}

/** @throws RequestError if the file can't be written; before reading anything if its folder isn't writable. */
export async function writeReport(
  published: PublishedMonths,
  { file, madeAt, observe, readDeliveries }: ReportOptions,
): Promise<{ readonly fileCount: number; readonly problems: readonly Problem[] }> {
  await access(path.dirname(path.resolve(file)), constants.W_OK).catch(unwritable(file));
  const figures = await readFigures(published, madeAt, observe);
  const deliveries = await readDeliveries?.(figures.months);
  await writeFile(file, page(figures, deliveries)).catch(unwritable(file));
  return { fileCount: figures.fileCount, problems: figures.problems };
}

function unwritable(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new RequestError(`can't write ${file}: ${(cause as Error).message}`, {
      hint: "Use --output to name a file in a folder that exists and is writable.",
      cause,
    });
  };
}
