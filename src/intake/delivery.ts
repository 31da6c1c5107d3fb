/** What the key of a delivery says: which bank sends which feed, and to which instant the content is true. */

export interface Delivery {
  /** The key as the bank wrote it: `landing/FirstNational/loans_20260930T220000Z.dat.gz`. */
  readonly key: string;
  /** The key's last part: `loans_20260930T220000Z.dat.gz`. Reports and rejected records are named after it. */
  readonly fileName: string;
  /** The bank's folder: its name in PascalCase, as in the keys of bank files. */
  readonly bank: string;
  /** The feed's name. */
  readonly feed: string;
  /** The instant to which the content is true, in UTC: `2026-09-30T22:00:00Z`. It is never the time of arrival. */
  readonly businessTime: string;
  readonly gzip: boolean;
}

/** Why a key is not that of a delivery. */
export interface WrongName {
  readonly problem: string;
}

interface NameParts {
  readonly bank: string;
  readonly fileName: string;
  readonly feed: string;
  readonly day: string;
  readonly time: string;
  readonly gzip: string | undefined;
}

/** Its groups are {@link NameParts}. */
const KEY =
  /^landing\/(?<bank>[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}]*)\/(?<fileName>(?<feed>[a-z][a-z0-9_]*)_(?<day>\d{8})T(?<time>\d{6})Z\.dat(?<gzip>\.gz)?)$/u;

/**
 * Reads `landing/<BankName>/<feed>_<YYYYMMDD>T<HHMMSS>Z.dat` or `….dat.gz`. A bank may write everywhere below its folder,
 * so a further folder in between, which could be named after another bank, is wrong.
 *
 * @returns what the key says, or the problem with it. Whether the feed and the bank exist is checked later.
 */
export function parseDeliveryName(key: string): Delivery | WrongName {
  const parts = KEY.exec(key)?.groups as NameParts | undefined;
  if (parts === undefined) {
    return {
      problem: `the name ${JSON.stringify(key)} is not landing/<BankName>/<feed>_<YYYYMMDD>T<HHMMSS>Z.dat, or the same with .gz`,
    };
  }
  const { bank, fileName, feed, day, time, gzip } = parts;
  const businessTime = `${day}T${time}Z`.replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5");
  if (!isInstant(businessTime)) {
    return { problem: `the name ${JSON.stringify(fileName)} has no valid time: ${businessTime}` };
  }
  return { key, fileName, bank: bank.normalize("NFC"), feed, businessTime, gzip: gzip !== undefined };
}

/** Whether the text is an instant in UTC that exists. `Date` accepts 30 February, 24:00 and the year 0. */
export function isInstant(text: string): boolean {
  if (text.startsWith("0000")) return false;
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text.replace("Z", ".000Z");
}
