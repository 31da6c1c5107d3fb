/** A world with the buckets, topics and database of intake, in which deliveries take their whole way. */
import { randomUUID } from "node:crypto";

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { Context } from "aws-lambda";

import type { Notice } from "../../src/platform/lambda/notice";
import type { ObjectAddress } from "../../src/intake/arrival";
import type { DeliveryMessage } from "../../src/intake/messages";
import { load, receive, settle, stage } from "../../src/intake/lambda";
import { intakeAgain } from "../../src/intake/by-hand";
import type { Taken } from "../../src/intake/by-hand";
import { awsClients } from "../../src/platform/aws";
import { withDeadline } from "../../src/platform/deadline";
import type { Edge } from "../../src/platform/edge";
import type { RecordedRequest, StartedExecution } from "../../local/aws/server";
import { IntakeWorld } from "./intake-world";
import type { IntakeCaller } from "./permissions";
import { readDefinition } from "./asl";
import { execute, type Execution, type Json } from "./state-machine";
import type { World } from "./world";

export const stateMachine = readDefinition("intake");

/** The functions of the state machine. */
export type TaskName = "IntakeReceive" | "IntakeLoad" | "IntakeStage" | "IntakeSettle";

export type Task = (input: Json) => Promise<unknown>;

const context = {
  functionName: "bank-batch-dev-intake",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

const LANDING = "landing";
const BUCKET = "intake";

export class DeliveryWorld {
  readonly landing = LANDING;
  readonly bucket = BUCKET;

  private constructor(
    readonly intake: IntakeWorld,
    readonly environment: Readonly<Record<string, string>>,
    readonly topics: { readonly people: string; readonly machines: string },
  ) {}

  static async create(): Promise<DeliveryWorld> {
    const intake = await IntakeWorld.create();
    const { aws, secret } = intake.world;
    for (const name of [LANDING, BUCKET]) aws.createBucket(name, { versioning: true });
    const { user: username, password } = intake.login;
    const { host, port, dbname } = secret;
    aws.putSecret("test/intake", { username, password, host, port, dbname });
    const topics = { people: aws.createTopic("people"), machines: aws.createTopic("machines") };
    return new DeliveryWorld(
      intake,
      {
        ...aws.environment,
        INTAKE_DB_SECRET_ID: "test/intake",
        DB_SSL: "disable",
        LANDING_BUCKET: LANDING,
        INTAKE_BUCKET: BUCKET,
        NOTIFY_TOPIC_ARN: topics.people,
        INTAKE_TOPIC_ARN: topics.machines,
        INTAKE_STATE_MACHINE_ARN: aws.createStateMachine("intake"),
      },
      topics,
    );
  }

  close(): Promise<void> {
    return this.intake.close();
  }

  /** Puts the tables back, empties the buckets and forgets all messages and executions. */
  async reset(): Promise<void> {
    await this.intake.reset();
    const { s3 } = this.world;
    for (const Bucket of [LANDING, BUCKET]) {
      const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
        await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    }
    const { messages, executions } = this.world.aws;
    this.#before = { messages: messages.length, executions: executions.length };
  }

  #before = { messages: 0, executions: 0 };

  /** The executions since the last reset. */
  started(): StartedExecution[] {
    return this.world.aws.executions.slice(this.#before.executions);
  }

  get world(): World {
    return this.intake.world;
  }

  /** Writes a file as a bank does. @returns what the event about it names. */
  async deliver(key: string, body: string | Uint8Array): Promise<ObjectAddress> {
    const command = new PutObjectCommand({ Bucket: LANDING, Key: key, Body: body });
    const { VersionId } = await this.world.s3.send(command);
    return { bucket: LANDING, key, versionId: VersionId ?? "" };
  }

  /** The state machine's functions: the real handlers, on the real buckets and the real database. */
  readonly tasks: Readonly<Record<TaskName, Task>> = {
    IntakeReceive: this.handler("receive", receive),
    IntakeLoad: this.handler("load", load),
    IntakeStage: this.handler("stage", stage),
    IntakeSettle: this.handler("settle", settle),
  };

  /** A handler in the environment of its function, whose calls count as the function's. */
  handler<Event>(name: IntakeCaller, handle: (event: Event, context: Context) => Promise<unknown>) {
    return (event: Event): Promise<unknown> => {
      Object.assign(process.env, this.environment, { AWS_SDK_UA_APP_ID: name });
      return handle(event, context);
    };
  }

  /** The S3, SNS and other operations that a function has called so far. */
  callsOf(name: IntakeCaller): RecordedRequest[] {
    return this.world.aws.requests.filter(({ userAgent }) =>
      new RegExp(`\\bapp/${name}\\b`).test(userAgent ?? ""),
    );
  }

  /** Runs the state machine for an object; some of its tasks may be replaced. */
  run(address: ObjectAddress, tasks: Partial<Record<TaskName, Task>> = {}): Promise<Execution> {
    return execute(stateMachine, { ...this.tasks, ...tasks }, { ...address });
  }

  /** What is at the keys of a bucket now, as text. */
  async contents(bucket = BUCKET): Promise<Record<string, string>> {
    const { Versions = [] } = await this.world.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const current = Versions.filter(({ IsLatest }) => IsLatest);
    const texts = current.map(async ({ Key = "" }): Promise<[string, string]> => {
      const { Body } = await this.world.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return [Key, (await Body?.transformToString("latin1")) ?? ""];
    });
    return Object.fromEntries(await Promise.all(texts));
  }

  /** The current report of each delivery, by its key. */
  async reports(): Promise<Record<string, Json>> {
    const found = Object.entries(await this.contents()).filter(([key]) => key.endsWith(".report.json"));
    return Object.fromEntries(
      found.map(([key, text]) => [key, JSON.parse(Buffer.from(text, "latin1").toString()) as Json]),
    );
  }

  /** Everything that a delivery may change: objects, rows, messages. */
  async everything(): Promise<unknown> {
    const objects = [await this.contents(), await this.contents(LANDING)];
    return [...objects, await this.intake.state(), this.messages, this.notices];
  }

  /** Takes a delivery again, as `intake --replay` does. */
  replay(fileKey: string): Promise<Taken> {
    return this.byHand((edge) => intakeAgain(fileKey, edge, () => undefined));
  }

  /** Runs an action as the command line does. */
  byHand<Result>(action: (edge: Edge) => Promise<Result>): Promise<Result> {
    const aws = awsClients({ ...this.world.aws.clientConfig, userAgentAppId: "test" });
    return withDeadline(60_000, "Wait.", (deadline) =>
      action({
        ...{ environment: this.environment, aws, deadline },
        now: () => new Date(),
        runId: randomUUID(),
      }),
    );
  }

  async openUploads(): Promise<number> {
    const { Uploads } = await this.world.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    return Uploads?.length ?? 0;
  }

  /** The messages to machines so far. */
  get messages(): DeliveryMessage[] {
    return this.#sentTo(this.topics.machines).map(({ message }) => JSON.parse(message) as DeliveryMessage);
  }

  /** The messages to people so far. */
  get notices(): Notice[] {
    return this.#sentTo(this.topics.people).map(({ subject = "", message }) => ({ subject, message }));
  }

  #sentTo(topicArn: string) {
    const since = this.world.aws.messages.slice(this.#before.messages);
    return since.filter((message) => message.topicArn === topicArn);
  }
}
