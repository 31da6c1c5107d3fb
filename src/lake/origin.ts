/** The way from a Parquet file back to the database: what the lineage says, compared with the bytes that are there now. */
import { RequestError, VerificationError } from "../platform/errors";
import type { Bucket } from "./buckets";
import { parseUri, uriOf } from "./keys";
import type { Lake } from "./lake-month";
import type { Lineage } from "./lineage";
import { digestOf } from "./verification";

/** Whether bytes are still what the lineage says: `gone` if there are none. */
export type Present = "as recorded" | "other bytes" | "gone";

export interface Origin {
  /** One for each content that the key ever had, the latest first. */
  readonly contents: readonly Content[];
}

type Content = Omit<Lineage, "parents"> & { readonly present: Present; readonly parents: readonly Parent[] };
type Parent = Lineage["parents"][number] & { readonly present: Present };

/**
 * @param address the URI of a Parquet file, or its key in any tenant's bucket.
 * @throws RequestError if the lineage does not know it.
 */
export async function originOf(lake: Lake, address: string): Promise<Origin> {
  const items = await itemsOf(lake, address);
  if (items.length === 0) {
    throw new RequestError(`the lineage has no file ${address}`, {
      hint: "Name a Parquet file below analytics-ready/, as s3://bucket/key or as a key. npx bank-batch lake lists them with --json.",
    });
  }
  const contents: Content[] = [];
  for (const item of items) {
    const { bucket, key, sha256 } = item.object;
    const parents: Parent[] = [];
    for (const parent of item.parents) {
      const source = bucketNamed(lake, parent.bucket);
      parents.push({
        ...parent,
        present: await compare(source, parent.key, parent.versionId, parent.sha256),
      });
    }
    const present = await compare(bucketNamed(lake, bucket), key, null, sha256);
    contents.push({ ...item, parents, present });
  }
  return { contents: contents.sort((one, other) => (one.recordedAt < other.recordedAt ? 1 : -1)) };
}

async function itemsOf({ settings, lineage }: Lake, address: string): Promise<readonly Lineage[]> {
  const uri = parseUri(address);
  if (uri !== undefined) return lineage.find(uri.bucket, uri.key);
  for (const tenant of settings.tenants) {
    const items = await lineage.find(settings.bucketOf(tenant).bucket, address);
    if (items.length > 0) return items;
  }
  return [];
}

async function compare(
  bucket: Bucket,
  key: string,
  versionId: string | null,
  sha256: string,
): Promise<Present> {
  const found = await digestOf(bucket, key, versionId);
  if (found === undefined) return "gone";
  return found.sha256 === sha256 ? "as recorded" : "other bytes";
}

function bucketNamed({ settings, open }: Lake, bucket: string): Bucket {
  return open({ ...settings.source.bucket, bucket });
}

/** @throws VerificationError if the latest content or a source of it is not there as it was recorded. */
export function expectOrigin({ contents: [latest] }: Origin): void {
  if (latest === undefined) return;
  const { object, present, parents } = latest;
  const all = [{ ...object, present }, ...parents];
  const problems = all.flatMap((each) =>
    each.present === "as recorded" ? [] : [`${uriOf(each.bucket, each.key)}: ${each.present}`],
  );
  if (problems.length === 0) return;
  throw new VerificationError(problems.join("; "), {
    hint: "An earlier revision's file is gone on purpose; otherwise bring the month into the lake again.",
  });
}

/** The origin as a tree of lines. @param mark shows a state, for example in colour. */
export function originLines({ contents }: Origin, mark: (present: Present) => string): string[] {
  return contents.flatMap((item) => [
    uriOf(item.object.bucket, item.object.key),
    `    SHA-256 ${item.object.sha256}  ${mark(item.present)}`,
    `    ${item.dataset} of ${item.month}, tenant ${item.tenant}: ${item.rowCount} rows${totalsOf(item)}`,
    `    made by bank-batch ${item.program.version}, run ${item.runId}, ${item.recordedAt}`,
    ...item.parents.flatMap(({ bucket, key, versionId, sha256, present, manifest }) => [
      `└── ${uriOf(bucket, key)}${versionId === null ? "" : `  version ${versionId}`}`,
      `        SHA-256 ${sha256}  ${mark(present)}`,
      `    └── ${uriOf(bucket, manifest.key)}  revision ${manifest.revision}, ${manifest.publishedAt}, run ${manifest.runId}`,
      `        └── statement ${manifest.query.name}`,
      `                SHA-256 ${manifest.query.sha256}`,
      `            └── database ${manifest.source.database}, PostgreSQL ${manifest.source.serverVersion}, snapshot ${manifest.source.snapshot}`,
    ]),
  ]);
}

function totalsOf({ totals }: Pick<Lineage, "totals">): string {
  return Object.entries(totals)
    .map(([name, value]) => `, ${name} ${value}`)
    .join("");
}
