/** What a test file runs against: its own copy of a template database, its own AWS endpoint, and settings for both. */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Client, QueryResultRow } from "pg";

import { type LocalAws, type LocalAwsOptions, startLocalAws } from "../../local/aws/server";
import { createReader, settings } from "../../local/stack";
import { RECORDING, recordRequest } from "./recorded-requests";
import { type Caller, recordCalls } from "./permissions";
import { connectTo, type Template, templateName, testServer } from "./test-server";
import { withDeadline } from "../../src/platform/deadline";
import type { Summary } from "../../src/extract/extract";
import { defaultExtract, extractNamed } from "../../src/extract/definitions";
import type { Month } from "../../src/platform/month";
import { type Manifest, type ManifestFile, parseMonthManifest } from "../../src/extract/month-manifest";
import { openPublished, type PublishedMonths, run, verify, withdraw } from "../../src/extract/run";
import { type AwsClients, awsClients, type RequestLimits } from "../../src/platform/aws";
import type { Edge } from "../../src/platform/edge";
import type { RunEvent } from "../../src/extract/events";
import type { Withdrawal } from "../../src/extract/withdrawal";
import type { MonthVerification } from "../../src/extract/verification";
import { rotate, type RotationOutcome } from "../../src/rotation/rotate";

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly now?: Date;
  readonly observe?: (event: RunEvent) => void;
  readonly timeLimitMs?: number;
  /** Clients with other time limits than the program's own. */
  readonly aws?: AwsClients;
  /** Ends the run before its time limit. */
  readonly stop?: AbortSignal;
}

/** The measures of an extract of loans; those of the window only for `loan_moving_average`. */
export type LoanMeasures = Readonly<Record<"loanCount" | "loanTotal", string>> &
  Readonly<Partial<Record<"windowLoanCount" | "windowLoanTotal", string>>>;

export type LoanFile = ManifestFile & LoanMeasures;

/** The manifest of an extract of loans, which tests may change. */
export interface LoanManifest extends Omit<
  { -readonly [Entry in keyof Manifest]: Manifest[Entry] },
  "files" | "totals"
> {
  files: readonly LoanFile[];
  totals: { readonly rowCount: number } & LoanMeasures;
}

/** The current time of the tests: after October 2026 has ended. */
export const NOW = new Date("2026-11-20T12:00:00Z");

/** Marks a client as the tests' own: its calls are not counted as calls of the program. */
export const asTest = { userAgentAppId: "test" satisfies Caller };

/** No file waits in memory: each is staged as a multipart upload, as large files are. */
export const stagedAsUploads = { EXTRACT_HELD_MIB: "0" };

/** Records what the program sends, for `npm run test:aws`, if the process records requests. */
const recording: LocalAwsOptions =
  process.env[RECORDING] === undefined
    ? {}
    : {
        observe: async (request, body) => {
          if (!isTests(request.headers["user-agent"])) await recordRequest(request, body);
        },
      };

function isTests(userAgent: string | undefined): boolean {
  return (userAgent ?? "").includes(`app/${asTest.userAgentAppId}`);
}

const BUCKET = "extracts";
const SECRET_ID = "test/ods";

export class World {
  readonly bucket = BUCKET;
  readonly secretId = SECRET_ID;
  #prefixCount = 0;

  private constructor(
    readonly aws: LocalAws,
    readonly s3: S3Client,
    readonly database: string,
    /** The secret's content; `aws.putSecret` replaces it. */
    readonly secret: Readonly<Record<string, string | number>>,
    readonly environment: Readonly<Record<string, string>>,
    private readonly owner: Client,
  ) {}

  /** @param variables of the program's environment, besides those that lead to the database and the bucket. */
  static async create(template: Template, variables: Readonly<Record<string, string>> = {}): Promise<World> {
    const server = testServer();
    const database = `test_${randomBytes(6).toString("hex")}`;
    const admin = await connectTo("postgres");
    await admin.query(`create database ${database} template ${templateName(template)}`);
    await admin.end();
    const owner = await connectTo(database);
    const reader = await createReader(owner);

    const aws = await startLocalAws(recording);
    aws.createBucket(BUCKET, { versioning: true });
    const secret = { ...reader, host: server.host, port: server.port, dbname: database };
    aws.putSecret(SECRET_ID, secret);
    // A process with these settings is a person's command line; only tests of a handler invoke a function.
    const operator = { AWS_SDK_UA_APP_ID: "operator" satisfies Caller };
    const environment = { ...aws.environment, ...operator, ...settings(BUCKET, SECRET_ID), ...variables };
    return new World(
      aws,
      new S3Client({ ...aws.clientConfig, forcePathStyle: true, ...asTest }),
      database,
      secret,
      environment,
      owner,
    );
  }

  /** @throws if the program left a connection behind. */
  async close(): Promise<void> {
    const connections = await this.connections();
    await recordCalls(this.aws.requests);
    this.s3.destroy();
    await this.aws.close();
    await this.owner.end();
    const admin = await connectTo("postgres");
    await admin.query(`drop database ${this.database} with (force)`);
    await admin.query(`drop role ${String(this.secret["username"])}`);
    await admin.end();
    if (connections > 0) throw new Error(`${connections} connections were left open`);
  }

  /** The program's connections to this database, after a busy server has had time to end them. */
  connections(): Promise<number> {
    return this.#whenNone(
      `select count(*) from pg_stat_activity where datname = current_database() and application_name = 'bank-batch'`,
    );
  }

  /** Waits until the server has noticed that a run has died, and has released its locks. */
  async untilUnlocked(): Promise<void> {
    const locks = await this.#whenNone(
      `select count(*) from pg_locks
       where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    if (locks > 0) throw new Error(`${locks} locks are still held`);
  }

  /** The count that the query returns, as soon as it is 0 or after five seconds. */
  async #whenNone(query: string): Promise<number> {
    const giveUpAt = Date.now() + 5000;
    for (;;) {
      const [row] = await this.sql<{ count: string }>(query);
      const count = Number(row?.count);
      if (count === 0 || Date.now() > giveUpAt) return count;
      await sleep(20);
    }
  }

  /** Clients of AWS whose calls count as those of a function, whose role must allow them. */
  clients(caller: Caller, limits: Partial<RequestLimits> = {}): AwsClients {
    return awsClients({ ...this.aws.clientConfig, userAgentAppId: caller }, limits);
  }

  /** Runs an extract in this process. */
  run(input: unknown, { observe = () => undefined, ...options }: RunOptions = {}): Promise<Summary> {
    return this.#inTime("extract", options, (edge) => run(input, edge, observe));
  }

  /** Takes a step of a rotation in this process. */
  rotate(event: unknown, options: RunOptions = {}): Promise<RotationOutcome> {
    return this.#inTime("rotate", options, (edge) => rotate(event, edge));
  }

  /** Verifies in this process. */
  verify(input: unknown, options: RunOptions = {}): Promise<readonly MonthVerification[]> {
    return this.#inTime("verify", options, (edge) => verify(input, edge, () => undefined));
  }

  /** Withdraws in this process. */
  withdraw(
    input: Readonly<Record<string, unknown>>,
    options: RunOptions = {},
  ): Promise<readonly Withdrawal[]> {
    return this.#inTime("operator", options, (edge) => withdraw(input, edge, () => undefined));
  }

  /** Opens the published months in this process, as `status` and `report` do. */
  published<Result>(
    input: unknown,
    use: (published: PublishedMonths) => Promise<Result>,
    options: RunOptions = {},
  ): Promise<Result> {
    return this.#inTime("operator", options, async (edge) => use(await openPublished(input, edge)));
  }

  #inTime<Result>(
    caller: Caller,
    { environment = {}, now = NOW, timeLimitMs = 60_000, aws = this.clients(caller), stop }: RunOptions,
    action: (edge: Edge) => Promise<Result>,
  ): Promise<Result> {
    const settings = { ...this.environment, ...environment };
    return withDeadline(
      timeLimitMs,
      "Give it more time.",
      (deadline) => action({ environment: settings, now: () => now, runId: randomUUID(), aws, deadline }),
      stop,
    );
  }

  /** Runs SQL as the owner of the tables. */
  async sql<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const { rows } = await this.owner.query<R>(text, values);
    return rows;
  }

  /** A prefix that no other call returns, so that tests can share the bucket. */
  prefix(): string {
    this.#prefixCount += 1;
    return `test-${this.#prefixCount}/`;
  }

  /** Writes an object as another program would; returns the new version's id. */
  async put(key: string, body: string): Promise<string> {
    const { VersionId } = await this.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
    return VersionId ?? "";
  }

  head(key: string): Promise<HeadObjectCommandOutput> {
    return this.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }));
  }

  /** Deletes one version of an object; without a version, adds a delete marker. */
  async remove(key: string, versionId?: string | null): Promise<void> {
    await this.s3.send(
      new DeleteObjectCommand({ Bucket: BUCKET, Key: key, VersionId: versionId ?? undefined }),
    );
  }

  async read(key: string, versionId?: string | null, bucket: string = BUCKET): Promise<string> {
    const version = versionId == null ? {} : { VersionId: versionId };
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...version }));
    return (await Body?.transformToString()) ?? "";
  }

  async manifest(month: string, prefix = "", bucket: string = BUCKET): Promise<LoanManifest> {
    const key = `${prefix}_manifests/${month.replace("-", "/")}.json`;
    const definition = extractNamed(prefix.split("/").at(-2) ?? "") ?? defaultExtract;
    return parseMonthManifest(
      definition,
      month as Month,
      key,
      await this.read(key, null, bucket),
    ) as LoanManifest;
  }

  /** All visible keys in the bucket. */
  async keys(prefix = ""): Promise<string[]> {
    const { Contents } = await this.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
    return (Contents ?? []).map(({ Key }) => Key ?? "");
  }

  /** The keys of all open uploads. */
  async openUploads(prefix = ""): Promise<string[]> {
    const { Uploads } = await this.s3.send(
      new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: prefix }),
    );
    return (Uploads ?? []).map(({ Key }) => Key ?? "");
  }

  /** The names of the S3 operations that `action` caused. */
  async operationsDuring(action: () => Promise<unknown>): Promise<string[]> {
    const before = this.aws.requests.length;
    await action();
    return this.aws.requests.slice(before).map(({ operation }) => operation);
  }
}
