/**
 * A run that a test steps through: each request to the bucket, each attempt to take the lock and each snapshot is a
 * question, which waits until the test answers it. Everything else is the program's own code.
 */
import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";

import type { MonthSummary } from "../../src/extract/events";
import { extractMonths, type Run } from "../../src/extract/extract";
import { openBucket } from "../../src/platform/bucket/bucket";
import { parseRequest } from "../../src/extract/request";
import { parseExtractSettings } from "../../src/extract/settings";
import type { Connection } from "../../src/platform/database/connection";
import type { Answer, S3Command } from "./memory-bucket";
import { type Recording, replaySnapshot } from "./recorded-database";
import { NOW } from "./world";

/** The input of a run. */
export interface RunOrder {
  /** Also its run id. */
  readonly name: string;
  readonly input: object;
  /** The database's contents, in the order in which they change. */
  readonly data: readonly Recording[];
  /** Environment variables besides the bucket's. */
  readonly variables: Readonly<Record<string, string>>;
  /** A bug to give to the run, to show that an explorer finds it. */
  readonly bug?: Bug;
}

export type Bug = "reads the bucket after its snapshot" | "writes without conditions";

export type Asked = S3Command | "lock" | "snapshot";

export interface Question {
  /** Unique within the run, and the same in every execution. */
  readonly name: string;
  readonly asked: Asked;
}

/** How a run ended: with the months that were done, and the error if it failed. */
export interface End {
  readonly done: readonly MonthSummary[];
  readonly failure?: unknown;
}

interface Waiting extends Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The bucket that all runs publish to. */
export const BUCKET = "extracts";
/** Never sends anything; lib-storage reads its configuration. */
const client = new S3Client({ region: "us-east-1", endpoint: "http://127.0.0.1:9", forcePathStyle: true });

export class SteppedRun {
  end: End | undefined;
  readonly #waiting = new Map<string, Waiting>();
  readonly #askedBefore = new Map<string, number>();
  readonly #uploadName: (id: string) => string;
  #changes = 0;

  /** @param uploadName names an upload whose id is not the same in every execution. */
  constructor(order: RunOrder, uploadName: (id: string) => string = (id) => id) {
    this.#uploadName = uploadName;
    const send = (command: S3Command) => {
      if (order.bug === "writes without conditions") removeCondition(command);
      return this.#ask(describe(command, this.#uploadName), command);
    };
    const s3 = Object.create(client, { send: { value: send } }) as S3Client;
    const variables = { DB_SECRET_ID: "none", EXTRACT_BUCKET: BUCKET, ...order.variables };
    const settings = parseExtractSettings(variables);
    const done: MonthSummary[] = [];
    const run: Run = {
      ...{ settings, runId: order.name, now: () => NOW, observe: () => undefined },
      aws: {
        s3: () => Promise.resolve(s3),
        secretsManager: unavailable,
        sns: unavailable,
        config: {},
      },
      deadline: { signal: new AbortController().signal, timeLeftMs: () => 60_000 },
    };
    const opening = openBucket(settings.output.bucket, run);
    extractMonths(this.#connectionTo(order), opening, parseRequest(order.input, NOW), run, done).then(
      () => (this.end = { done }),
      (failure: unknown) => (this.end = { done, failure }),
    );
  }

  /** What the run waits for, in the order of the names. */
  get questions(): readonly Question[] {
    return [...this.#waiting.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  answer(name: string, answer: unknown): void {
    this.#take(name).resolve(answer);
  }

  fail(name: string, error: Error): void {
    this.#take(name).reject(error);
  }

  /** Waits until the run needs an answer or has ended. Nothing in it waits for time or for a network. */
  async settled(): Promise<void> {
    for (let turn = 0, seen = -1; seen !== this.#changes || !this.#isIdle; turn++) {
      if (turn > 1000) throw new Error("the run neither asks nor ends");
      seen = this.#changes;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get #isIdle(): boolean {
    return this.#waiting.size > 0 || this.end !== undefined;
  }

  #take(name: string): Waiting {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) throw new Error(`the run doesn't wait for ${name}`);
    this.#waiting.delete(name);
    this.#changes += 1;
    return waiting;
  }

  #ask(description: string, asked: Asked): Promise<unknown> {
    const times = (this.#askedBefore.get(description) ?? 0) + 1;
    this.#askedBefore.set(description, times);
    const name = times === 1 ? description : `${description} (${times})`;
    this.#changes += 1;
    return new Promise((resolve, reject) => this.#waiting.set(name, { name, asked, resolve, reject }));
  }

  /** A snapshot is a question only when it matters which content of the database it shows. */
  #connectionTo({ data, bug }: RunOrder): Connection {
    const choose = () => this.#ask("snapshot", "snapshot") as Promise<number>;
    const first = bug === "reads the bucket after its snapshot" ? choose() : undefined;
    return {
      ...{ host: "", database: "" },
      tryLock: async (_, month) => (await this.#ask(`lock ${month}`, "lock")) as boolean,
      openSnapshot: async () => {
        const chosen = await first;
        return replaySnapshot(data, chosen === undefined ? choose : () => Promise.resolve(chosen));
      },
      writeTransaction: unavailable,
    };
  }
}

/** Answers a question as the SDK does. */
export function give(run: SteppedRun, name: string, answer: Answer): void {
  if ("error" in answer) {
    const { error, status } = answer;
    const $metadata = { httpStatusCode: status };
    run.fail(name, new S3ServiceException({ name: error, message: error, $fault: "client", $metadata }));
    return;
  }
  const { output, body } = answer;
  run.answer(name, { ...output, ...(body !== undefined && { Body: textBody(body) }) });
}

function removeCondition({ input }: S3Command): void {
  Object.assign(input, { IfMatch: undefined, IfNoneMatch: undefined });
}

function textBody(text: string): { transformToString(): Promise<string> } {
  return { transformToString: () => Promise.resolve(text) };
}

function describe(command: S3Command, uploadName: (id: string) => string): string {
  const operation = command.constructor.name.replace(/Command$/, "");
  const { Key, UploadId } = command.input as { Key?: string; UploadId?: string };
  return [operation, ...(UploadId === undefined ? [Key ?? "all"] : [uploadName(UploadId)])].join(" ");
}

function unavailable(): Promise<never> {
  return Promise.reject(new Error("a stepped run has no use for it"));
}
