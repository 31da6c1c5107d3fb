/**
 * A lake in memory, for tests of its rules: buckets that keep every version, and the table of records. The local endpoint
 * is what shows that S3 and DynamoDB take the requests.
 */
import { createHash } from "node:crypto";

import type { Bucket } from "../../src/lake/buckets";
import type { ExtractDataset } from "../../src/lake/dataset";
import type { Condition, ItemTable } from "../../src/lake/item-table";
import type { Lake, LakeEvent } from "../../src/lake/lake-month";
import { LineageTable } from "../../src/lake/lineage";
import { manifestKey, type PublishedMonth, type SourceFile } from "../../src/lake/published-month";
import type { RawStep, RawSummary, Refining } from "../../src/lake/refine/raw-file";
import type { LakeSettings } from "../../src/lake/settings";
import type { Tenant } from "../../src/lake/tenants";
import type { ObjectStore, ObjectVersion } from "../../src/platform/bucket/object-store";
import type { ObjectVersions } from "../../src/platform/bucket/object-versions";
import type { HeldObject } from "../../src/platform/bucket/staged-upload";
import { ConflictError } from "../../src/platform/errors";
import type { TextRow } from "../../src/platform/format/parquet";
import type { Notice } from "../../src/platform/lambda/notice";
import type { Month } from "../../src/platform/month";

/** A version of an object; without bytes, a delete marker. */
interface Stored extends ObjectVersion {
  readonly versionId: string;
  readonly bytes: Buffer | undefined;
  readonly mediaType: string;
}

export type Operation = "head" | "read" | "open" | "range" | "put" | "remove" | "stage" | "find" | "list";

export class BucketInMemory implements Bucket {
  /** Awaited before each request. */
  before: (operation: Operation, key: string) => void | Promise<void> = () => undefined;
  /** What was changed, as `put key` and `remove key`. */
  readonly changes: string[] = [];
  readonly #versions = new Map<string, Stored[]>();

  constructor(readonly name: string) {}

  /** The keys that hold an object now. */
  get keys(): string[] {
    return [...this.#versions.keys()].filter((key) => this.#find(key, null)?.bytes !== undefined).sort();
  }

  text(key: string): string | undefined {
    return this.#find(key, null)?.bytes?.toString();
  }

  mediaType(key: string): string | undefined {
    return this.#find(key, null)?.mediaType;
  }

  /** Writes a version, whatever is there. */
  write(
    key: string,
    content: string | Buffer,
    mediaType = "",
  ): ObjectVersion & { readonly versionId: string } {
    const bytes = Buffer.from(content);
    const all = this.#versions.get(key) ?? [];
    const versionId = `${this.name}-${all.length + 1}`;
    this.#versions.set(key, [...all, { versionId, etag: `"${sha256(bytes)}"`, bytes, mediaType }]);
    return { versionId, etag: `"${sha256(bytes)}"` };
  }

  /** Removes every version, as when objects expire. */
  erase(key: string): void {
    this.#versions.delete(key);
  }

  #find(key: string, versionId: string | null): Stored | undefined {
    const all = this.#versions.get(key) ?? [];
    return versionId === null ? all.at(-1) : all.find((each) => each.versionId === versionId);
  }

  async #bytes(operation: Operation, key: string, versionId: string | null): Promise<Stored | undefined> {
    await this.before(operation, key);
    const found = this.#find(key, versionId);
    return found?.bytes === undefined ? undefined : found;
  }

  #expect(key: string, replaces: ObjectVersion | undefined): void {
    const found = this.#find(key, null);
    if ((found?.bytes === undefined ? undefined : found.etag) === replaces?.etag) return;
    throw new ConflictError(`another run wrote s3://${this.name}/${key} in the meantime`, { hint: "Wait." });
  }

  readonly #store: Omit<ObjectStore, "openUploads"> = {
    head: (key) => this.#bytes("head", key, null),
    read: async (key) => {
      const found = await this.#bytes("read", key, null);
      return found && { text: found.bytes?.toString() ?? "", version: found };
    },
    open: async (key, versionId) => {
      const found = await this.#bytes("open", key, versionId);
      return found && halves(found.bytes ?? Buffer.of());
    },
    readRange: async (key, versionId, first, end) =>
      (await this.#bytes("range", key, versionId))?.bytes?.subarray(first, end),
    put: async (key, body, mediaType, replaces) => {
      await this.before("put", key);
      this.#expect(key, replaces);
      this.changes.push(`put ${key}`);
      return this.write(key, Buffer.from(body), mediaType);
    },
    putJson: (key, text, replaces) => this.objects.put(key, text, "application/json", replaces),
    remove: async (key, version) => {
      await this.before("remove", key);
      this.#expect(key, version);
      this.changes.push(`remove ${key}`);
      const all = this.#versions.get(key) ?? [];
      const versionId = `${this.name}-${all.length + 1}`;
      this.#versions.set(key, [...all, { versionId, etag: "", bytes: undefined, mediaType: "" }]);
    },
    stage: async (key, body, mediaType): Promise<HeldObject> => {
      await this.before("stage", key);
      return { key, body: await collected(body), mediaType: mediaType ?? "" };
    },
    complete: (staged, replaces) => {
      const { key, body, mediaType } = staged as HeldObject;
      return this.objects.put(key, body, mediaType, replaces);
    },
    abort: () => Promise.resolve(),
  };

  readonly objects = this.#store as ObjectStore;

  readonly versions = {
    find: async (key, versionId) => {
      const found = await this.#bytes("find", key, versionId);
      return (
        found && {
          ...{ bucket: this.name, key, versionId: found.versionId },
          ...{ byteCount: found.bytes?.byteLength ?? 0, writtenAt: new Date(0) },
        }
      );
    },
    list: (prefix) => this.#list(prefix),
  } satisfies Pick<ObjectVersions, "find" | "list"> as unknown as ObjectVersions;

  async *#list(prefix: string): AsyncGenerator<string> {
    await this.before("list", prefix);
    yield* this.keys.filter((key) => key.startsWith(prefix));
  }
}

/** Two chunks, so that nothing relies on a single one. */
async function* halves(bytes: Buffer): AsyncGenerator<Buffer> {
  const middle = Math.ceil(bytes.byteLength / 2);
  yield await Promise.resolve(bytes.subarray(0, middle));
  yield bytes.subarray(middle);
}

export async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

interface Row {
  readonly text: string;
  readonly revision: number;
}

/** The table of records by its conditions: `tests/unit/lake/item-table.test.ts` has what these are to DynamoDB. */
export class RecordsInMemory {
  /** Called before each record is written. */
  before: (subject: string, part: string) => void = () => undefined;
  readonly #records = new Map<string, Map<string, Row>>();

  readonly table = {
    get: (subject, part) => Promise.resolve(this.of(subject, part)),
    query: (subject) => {
      const found = [...(this.#records.get(subject) ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
      return Promise.resolve(
        found.map(([part, { text }]) => ({ part, content: JSON.parse(text) as unknown })),
      );
    },
    put: (subject, part, content, condition) =>
      Promise.resolve().then(() => {
        this.before(subject, part);
        return this.#put(subject, part, content, condition);
      }),
  } satisfies Pick<ItemTable, "get" | "query" | "put"> as unknown as ItemTable;

  /** The content of a record. */
  of(subject: string, part: string): unknown {
    const text = this.#records.get(subject)?.get(part)?.text;
    return text === undefined ? undefined : JSON.parse(text);
  }

  get subjects(): string[] {
    return [...this.#records.keys()].sort();
  }

  #put(subject: string, part: string, content: object, condition: Condition): boolean {
    const records = this.#records.get(subject) ?? new Map<string, Row>();
    const present = records.get(part);
    const revision = "revision" in content ? Number(content.revision) : NaN;
    const holds =
      condition.if === "after"
        ? present?.revision === condition.revision
        : present === undefined || (condition.if === "not older" && present.revision <= revision);
    if (holds) this.#records.set(subject, records.set(part, { text: JSON.stringify(content), revision }));
    return holds;
  }
}

export const first: Tenant = {
  ...{ id: "first", bankId: 1, name: "First Bank" },
  datasets: ["loan_detail", "loans", "clients", "transactions"],
};
export const second: Tenant = { ...first, id: "second", bankId: 2, name: "Second Bank" };
/** Has no datasets. */
export const third: Tenant = { ...first, id: "third", bankId: 3, name: "Third Bank", datasets: [] };

export class LakeInMemory {
  readonly records = new RecordsInMemory();
  /** The steps that were taken. */
  readonly events: LakeEvent[] = [];
  /** Awaited after each of them. */
  observe: (event: LakeEvent) => void | Promise<void> = () => undefined;
  readonly messages: Notice[] = [];
  /** Of the tenants' own files. */
  readonly steps: RawStep[] = [];
  observeFile: (step: RawStep, file: string) => void | Promise<void> = () => undefined;
  readonly summaries: RawSummary[] = [];
  readonly lake: Lake;
  readonly refining: Refining;
  readonly #buckets = new Map<string, BucketInMemory>();

  constructor(
    readonly tenants: readonly Tenant[] = [first, second, third],
    runId = "run-1",
  ) {
    const bucketNamed = (bucket: string) => ({ bucket, kmsKeyId: undefined, forcePathStyle: false });
    const settings: LakeSettings = {
      ...{ tenants, lineageTable: "records", topicArn: undefined, bucketNamed },
      bucketOf: ({ id }) => bucketNamed(`lake-${id}`),
      source: { bucket: bucketNamed("extracts"), prefix: "out/" },
      intake: bucketNamed("intake"),
    };
    const common = {
      settings,
      open: ({ bucket }: { readonly bucket: string }) => this.bucket(bucket),
      ...{ items: this.records.table, lineage: new LineageTable(this.records.table) },
      inTurn: <Result>(action: () => Promise<Result>) => action(),
      ...{ runId, now: () => new Date("2026-10-05T10:00:00Z") },
    };
    this.lake = {
      ...common,
      announce: (message) => Promise.resolve(void this.messages.push(message)),
      observe: async (event) => {
        this.events.push(event);
        await this.observe(event);
      },
    };
    this.refining = {
      ...common,
      announce: (summary) => Promise.resolve(void this.summaries.push(summary)),
      observe: async ({ step, file }) => {
        this.steps.push(step);
        await this.observeFile(step, file);
      },
    };
  }

  bucket(name: string): BucketInMemory {
    const found = this.#buckets.get(name) ?? new BucketInMemory(name);
    this.#buckets.set(name, found);
    return found;
  }

  of({ id }: Tenant): BucketInMemory {
    return this.bucket(`lake-${id}`);
  }

  get extracts(): BucketInMemory {
    return this.bucket("extracts");
  }

  /** Publishes a month of an extract: for each bank, the rows that its file has. */
  publish(
    dataset: ExtractDataset,
    month: string,
    rowsOf: Readonly<Record<number, readonly TextRow[]>>,
    {
      revision = 1,
      change = {},
    }: { readonly revision?: number; readonly change?: Partial<PublishedMonth> } = {},
  ): PublishedMonth {
    const columns = dataset.columns.map(({ name }) => name);
    const files = Object.entries(rowsOf).map(([bank, rows]): SourceFile => {
      const text = [columns, ...rows].map((row) => `${row.map((field) => field ?? "").join()}\n`).join("");
      const key = `out/bank-${bank}/${month}.csv`;
      const at = columns.indexOf("amount");
      const total = rows.reduce((sum, row) => sum + Number(row[at] ?? 0), 0);
      return {
        ...{ key, sha256: sha256(text), ...this.extracts.write(key, text) },
        ...{ byteCount: text.length, rowCount: rows.length, bankId: Number(bank), bankName: `Bank ${bank}` },
        ...{ loanCount: String(rows.length), loanTotal: String(total) },
      };
    });
    const manifest: PublishedMonth = {
      ...{ schemaVersion: 1, state: files.length > 0 ? "published" : "withdrawn", revision },
      ...{ extract: dataset.name, month, publishedAt: "2026-10-02T03:00:00Z", runId: "extract-1" },
      source: { database: "banks", serverVersion: "16.1", snapshot: "1:1:" },
      query: { name: "loan-detail.sql", sha256: "statement" },
      ...{ program: { version: "1.2.3" }, columns, history: [], files },
      ...change,
    };
    this.extracts.write(manifestKey("out/", dataset, month as Month), JSON.stringify(manifest));
    return manifest;
  }
}

/** A row of `loan_detail`. */
export function loanOf(bank: number, loan: number, amount: number | null, day = "2026-09-01"): TextRow {
  const amountText = amount === null ? null : String(amount);
  return [String(bank), "Bank", "1", null, "1", "1", String(loan), day, amountText];
}

/** What an action throws; undefined if it throws nothing. */
export async function failureOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => undefined,
    (error: unknown) => error,
  );
}
