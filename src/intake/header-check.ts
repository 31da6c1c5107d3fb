/** Whether a file is the delivery that its name says. */
import type { RecordReader } from "../platform/format/record";
import type { Delivery } from "./delivery";
import type { Feed } from "./feed";
import type { Findings } from "./findings";
import type { Problem } from "./result";

/** What the file must be: known before it is read. */
export interface Expected {
  readonly feed: Feed;
  readonly delivery: Delivery;
  readonly bankId: number;
  readonly now: Date;
}

/**
 * Compares a header that is written correctly with the delivery.
 *
 * @param feedName the feed's name as this format writes it.
 */
export function checkHeader(
  { feed, delivery, bankId, now }: Expected,
  feedName: string,
  header: RecordReader,
  findings: Findings,
  place: Omit<Problem, "reason">,
): void {
  const { bank, businessTime } = delivery;
  const field = (name: string) =>
    header.text(header.columns.findIndex((column) => column.name === name)) ?? "";
  const wrong = (column: string, reason: string) => {
    findings.file(`the header's ${reason}`, { ...place, column });
  };
  if (field("feed") !== feedName) wrong("feed", `feed is not ${feedName}, as the file's name says`);
  if (Number(field("version")) !== feed.version) wrong("version", `version is not ${feed.version}`);
  if (Number(field("bank")) !== bankId)
    wrong("bank", `bank is not ${bankId}, the bank of the folder ${bank}`);
  const time = field("business_time");
  if (time !== businessTime)
    wrong("business_time", `business time is not ${businessTime}, as the file's name says`);
  if (Date.parse(time) > now.getTime()) wrong("business_time", "business time is in the future");
}
