/** `report`: one self-contained HTML page about the publications. */
import type { PublishedMonths } from "../src/extract/run";
import type { DeliveryFigures } from "./deliveries";
import { type Beside, type MonthFigures, readFigures } from "./figures";
import { page } from "./page";
import { missingDeliveries, type Problem } from "./problems";

export interface ReportOptions {
  readonly madeAt: Date;
  /** Called with what is being read. */
  readonly observe: (step: string) => void;
  readonly beside?: Beside;
  /** Reads what banks have delivered in these months; without intake, the page has no such section. */
  readonly readDeliveries?: (months: readonly MonthFigures[]) => Promise<DeliveryFigures | undefined>;
}

export interface Report {
  /** The page. */
  readonly html: string;
  /** How many published files were read. */
  readonly fileCount: number;
  readonly problems: readonly Problem[];
}

/** @throws StorageError if the published files can't be read. */
export async function makeReport(
  published: PublishedMonths,
  { madeAt, observe, beside, readDeliveries }: ReportOptions,
): Promise<Report> {
  const figures = await readFigures(published, madeAt, observe, beside);
  const deliveries = await readDeliveries?.(figures.months);
  const problems = [...figures.problems, ...missingDeliveries(deliveries?.overdue ?? [])];
  return { html: page({ ...figures, problems }, deliveries), fileCount: figures.fileCount, problems };
}
