/** The way from a Parquet file back to the database: what the lineage says, compared with the bytes that are there now. */
import { RequestError, VerificationError } from "../platform/errors";
import type { Bucket } from "./buckets";
import { parseUri, uriOf } from "./keys";
import type { Lineage } from "./lineage";
import { digestOf } from "./stored-file";
import type { TenantLake } from "./tenant-lake";

/** Whether bytes are still what the lineage says: `gone` if there are none. */
export type Present = "as recorded" | "other bytes" | "gone";

export interface Origin {
  /** One for each content that the key ever had, the latest first. */
  readonly contents: readonly Content[];
}

type Content = Omit<Lineage, "parents"> & { readonly present: Present; readonly parents: readonly Parent[] };
type Parent = Lineage["parents"][number] & {
  readonly present: Present;
  /** What it was made of in turn, if the lake has made it. */
  readonly parents: readonly Parent[];
};

/**
 * @param address the URI of a Parquet file, or its key in any tenant's bucket.
 * @throws RequestError if the lineage does not know it.
 */
export async function originOf(lake: TenantLake, address: string): Promise<Origin> {
  const items = await itemsOf(lake, address);
  if (items.length === 0) {
    throw new RequestError(`the lineage has no file ${address}`, {
      hint: "Name a Parquet file below analytics-ready/, as s3://bucket/key or as a key. npx bank-batch lake lists them with --json.",
    });
  }
  const contents: Content[] = [];
  for (const item of items) {
    const { bucket, key, sha256 } = item.object;
    const parents = await parentsOf(lake, item);
    const present = await compare(bucketNamed(lake, bucket), key, null, sha256);
    contents.push({ ...item, parents, present });
  }
  return { contents: contents.sort((one, other) => (one.recordedAt < other.recordedAt ? 1 : -1)) };
}

async function parentsOf(lake: TenantLake, item: Lineage): Promise<Parent[]> {
  const parents: Parent[] = [];
  for (const parent of item.parents) {
    const { bucket, key, versionId, sha256 } = parent;
    const present = await compare(bucketNamed(lake, bucket), key, versionId, sha256);
    const own = (await lake.lineage.find(bucket, key)).find(({ object }) => object.sha256 === sha256);
    parents.push({ ...parent, present, parents: own === undefined ? [] : await parentsOf(lake, own) });
  }
  return parents;
}

async function itemsOf({ settings, lineage }: TenantLake, address: string): Promise<readonly Lineage[]> {
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

function bucketNamed({ settings, open }: TenantLake, bucket: string): Bucket {
  return open(settings.bucketNamed(bucket));
}

/** @throws VerificationError if the latest content or a source of it is not there as it was recorded. */
export function expectOrigin({ contents: [latest] }: Origin): void {
  const problems = latest === undefined ? [] : problemsOf(latest);
  if (problems.length === 0) return;
  throw new VerificationError(problems.join("; "), {
    hint: "An earlier revision's file is gone on purpose; otherwise bring the month into the lake again.",
  });
}

/**
 * What is not as it was recorded, of a content and everything that it was made of.
 *
 * @param mayBeGone whether objects of a bucket are expected to expire.
 */
export function problemsOf(
  { object, present, parents }: Content,
  mayBeGone: (bucket: string) => boolean = () => false,
): string[] {
  const withParents = (parent: Parent): Parent[] => [parent, ...parent.parents.flatMap(withParents)];
  return [{ ...object, present }, ...parents.flatMap(withParents)].flatMap((each) =>
    each.present === "as recorded" || (each.present === "gone" && mayBeGone(each.bucket))
      ? []
      : [`${uriOf(each.bucket, each.key)}: ${each.present}`],
  );
}

/** The origin as a tree of lines. @param mark shows a state, for example in colour. */
export function originLines({ contents }: Origin, mark: (present: Present) => string): string[] {
  return contents.flatMap((item) => [
    uriOf(item.object.bucket, item.object.key),
    `    SHA-256 ${item.object.sha256}  ${mark(item.present)}`,
    `    ${item.dataset} of ${item.month}, tenant ${item.tenant}: ${item.rowCount} rows${totalsOf(item)}`,
    `    made by bank-batch ${item.program.version}, run ${item.runId}, ${item.recordedAt}`,
    ...item.parents.flatMap((parent) => parentLines(parent, mark)),
  ]);
}

function parentLines(parent: Parent, mark: (present: Present) => string): string[] {
  const { bucket, key, versionId, sha256, present, manifest, parents } = parent;
  return [
    `└── ${uriOf(bucket, key)}${versionId === null ? "" : `  version ${versionId}`}`,
    `        SHA-256 ${sha256}  ${mark(present)}`,
    ...parents.flatMap((each) => parentLines(each, mark)).map((line) => `    ${line}`),
    ...(manifest === undefined
      ? []
      : [
          `    └── ${uriOf(bucket, manifest.key)}  revision ${manifest.revision}, ${manifest.publishedAt}, run ${manifest.runId}`,
          `        └── statement ${manifest.query.name}`,
          `                SHA-256 ${manifest.query.sha256}`,
          `            └── database ${manifest.source.database}, PostgreSQL ${manifest.source.serverVersion}, snapshot ${manifest.source.snapshot}`,
        ]),
  ];
}

function totalsOf({ totals }: Pick<Lineage, "totals">): string {
  return Object.entries(totals)
    .map(([name, value]) => `, ${name} ${value}`)
    .join("");
}
