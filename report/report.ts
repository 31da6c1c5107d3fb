/** `report`: one self-contained HTML page about the publications. */
import { access, constants, writeFile } from "node:fs/promises";
import path from "node:path";

import { RequestError } from "../src/platform/errors";
import type { PublishedMonths } from "../src/extract/run";
import type { DeliveryFigures } from "./deliveries";
import { type Beside, type MonthFigures, readFigures } from "./figures";
import { page } from "./page";
import { missingDeliveries, type Problem } from "./problems";

export interface ReportOptions {
  readonly file: string;
  readonly madeAt: Date;
  /** Called with what is being read. */
  readonly observe: (step: string) => void;
  readonly beside?: Beside;
  /** Reads what banks have delivered in these months; without intake, the page has no such section. */
  readonly readDeliveries?: (months: readonly MonthFigures[]) => Promise<DeliveryFigures | undefined>;
}

/** @throws RequestError if the file can't be written; before reading anything if its folder isn't writable. */
export async function writeReport(
  published: PublishedMonths,
  { file, madeAt, observe, beside, readDeliveries }: ReportOptions,
): Promise<{ readonly fileCount: number; readonly problems: readonly Problem[] }> {
  await access(path.dirname(path.resolve(file)), constants.W_OK).catch(unwritable(file));
  const figures = await readFigures(published, madeAt, observe, beside);
  const deliveries = await readDeliveries?.(figures.months);
  const problems = [...figures.problems, ...missingDeliveries(deliveries?.overdue ?? [])];
  await writeFile(file, page({ ...figures, problems }, deliveries)).catch(unwritable(file));
  return { fileCount: figures.fileCount, problems };
}

function unwritable(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new RequestError(`can't write ${file}: ${(cause as Error).message}`, {
      hint: "Use --output to name a file in a folder that exists and is writable.",
      cause,
    });
  };
}
