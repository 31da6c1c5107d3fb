/** Carries out a schedule over HTTP, against a bucket of the local endpoint that no other schedule has used. */
import type { CreateMultipartUploadCommandOutput, GetObjectCommandOutput } from "@aws-sdk/client-s3";
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";

import { type LocalAws, startLocalAws } from "../../local/aws/server";
import { connectionLost } from "./behaviour";
import type { Step } from "./explorer";
import type { MemoryBucket, S3Command } from "./memory-bucket";
import { BUCKET, give, type Question, type RunOrder, SteppedRun } from "./stepped-run";

/** The final contents of a bucket, without the ids that S3 generates. */
export type Result = Readonly<Record<string, unknown>>;

export class Replay {
  readonly #aws: LocalAws;
  readonly #s3: S3Client;
  readonly #uploadNames = new Map<string, string>();
  readonly #sent = new Map<Question, number>();
  #data = 0;

  static async start(): Promise<Replay> {
    const aws = await startLocalAws();
    aws.createBucket(BUCKET, { versioning: true });
    return new Replay(aws);
  }

  private constructor(aws: LocalAws) {
    this.#aws = aws;
    this.#s3 = new S3Client({ ...aws.clientConfig, forcePathStyle: true });
  }

  async close(): Promise<void> {
    this.#s3.destroy();
    await this.#aws.close();
  }

  /** Runs to the end without any other run. */
  async runAlone(order: RunOrder, data: number): Promise<SteppedRun> {
    this.#data = data;
    const run = await this.#begin(order);
    for (let [question] = run.questions; question !== undefined; [question] = run.questions) {
      await this.#answer(run, question, true);
    }
    return run;
  }

  /** Carries out a schedule of runs that share no lock. */
  async follow(
    orders: readonly RunOrder[],
    schedule: readonly Step[],
    data: number,
  ): Promise<readonly SteppedRun[]> {
    this.#data = data;
    const runs = await Promise.all(orders.map((order) => this.#begin(order)));
    for (const step of schedule) {
      if (step.does === "changes the data") this.#data += 1;
      if (!("question" in step)) continue;
      const run = runs[step.run];
      const question = run?.questions.find(({ name }) => name === step.question);
      if (run === undefined || question === undefined) throw new Error(`no run asks ${step.question}`);
      if (step.does === "answered") await this.#answer(run, question, true);
      if (step.does === "unanswered") await this.#answer(run, question, false);
      if (step.does === "repeated") await this.#send(question);
      if (step.does === "lost") run.fail(question.name, connectionLost());
      await run.settled();
    }
    return runs;
  }

  async result(): Promise<Result> {
    const { Contents } = await this.#s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    const { Uploads } = await this.#s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    const objects = await Promise.all(
      (Contents ?? []).map(async ({ Key = "" }) => {
        const { Body, ETag, Metadata } = await this.#s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
        const text = (await Body?.transformToString()) ?? "";
        return [Key, describeObject(Key, text, ETag ?? "", Metadata?.["run-id"])] as const;
      }),
    );
    const uploads = (Uploads ?? []).map(({ UploadId = "" }) => this.#uploadNames.get(UploadId)).sort();
    return { ...Object.fromEntries(objects), uploads };
  }

  async #begin(order: RunOrder): Promise<SteppedRun> {
    const run = new SteppedRun(order, (id) => this.#uploadNames.get(id) ?? id);
    await run.settled();
    return run;
  }

  async #answer(run: SteppedRun, question: Question, arrives: boolean): Promise<void> {
    const { name, asked } = question;
    if (asked === "lock") run.answer(name, true);
    else if (asked === "snapshot") run.answer(name, this.#data);
    else {
      const answer = await this.#send(question);
      if (!arrives) run.fail(name, connectionLost());
      else if (answer instanceof Error) run.fail(name, answer);
      else give(run, name, { output: answer, body: await textOf(answer) });
    }
    await run.settled();
  }

  /** Sends a request without passing the answer to its run. */
  async #send(question: Question): Promise<Record<string, unknown> | Error> {
    const command = question.asked as S3Command;
    const attempt = (this.#sent.get(question) ?? 0) + 1;
    this.#sent.set(question, attempt);
    const answer = await this.#s3.send(command).catch((error: unknown) => error as Error);
    const { UploadId } = answer as Partial<CreateMultipartUploadCommandOutput>;
    const { Key, Metadata } = command.input as { Key?: string; Metadata?: Record<string, string> };
    if (UploadId !== undefined && Metadata !== undefined) {
      this.#uploadNames.set(UploadId, `${Metadata["run-id"] ?? ""}'s upload ${attempt} of ${Key ?? ""}`);
    }
    return answer as Record<string, unknown> | Error;
  }
}

/** The same for a bucket in memory. */
export function resultOf(bucket: MemoryBucket): Result {
  const objects = bucket.keys.map((key) => {
    const [version] = bucket.versions(key);
    const { text = "", etag = "", metadata } = version ?? {};
    return [key, describeObject(key, text, etag, metadata?.["run-id"])] as const;
  });
  return { ...Object.fromEntries(objects), uploads: bucket.openUploads.toSorted() };
}

function describeObject(key: string, text: string, etag: string, runId: string | undefined): unknown {
  if (!key.endsWith(".json")) return { text, etag, runId };
  const withoutIds: unknown = JSON.parse(text, (name, value: unknown) => (name === "versionId" ? "" : value));
  return { manifest: withoutIds, runId };
}

async function textOf(answer: Record<string, unknown>): Promise<string> {
  const { Body } = answer as Partial<GetObjectCommandOutput>;
  return (await Body?.transformToString()) ?? "";
}
