/** The role of each of intake's functions allows exactly the calls that the function makes. */
import { readFile } from "node:fs/promises";
import path from "node:path";

import { CreateMultipartUploadCommand } from "@aws-sdk/client-s3";
import type { SQSEvent } from "aws-lambda";
import { parse } from "yaml";

import type { RecordedRequest } from "../../../local/aws/server";
import { start } from "../../../src/intake/lambda";
import { DeliveryWorld } from "../../support/delivery-world";
import { fileOf } from "../../support/intake-world";
import { ROOT } from "../../support/root";

const TIME = "2024-05-31T22:00:00Z";
const KEY = "landing/FirstNational/loans_20240531T220000Z.dat";
const right = fileOf(["1|100|1000|2024-05-01"], { total: 100, time: TIME });
const wrong = fileOf(["1|100|1000|2024-05-01", "2|x|1000|2024-05-01"], { total: 100, time: TIME });
const early = fileOf(["1|100|3000|2024-05-01"], { total: 100, time: TIME });

/** An action on a resource: `s3:PutObject intake/raw/`. */
type Right = string;

interface Role {
  readonly Properties: {
    readonly Policies: readonly {
      readonly PolicyName: string;
      readonly PolicyDocument: { readonly Statement: readonly Statement[] };
    }[];
  };
}

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

async function grantedTo(name: string): Promise<Right[]> {
  const text = await readFile(path.join(ROOT, "serverless.intake.yml"), "utf8");
  const { functions, resources } = parse(text, { merge: true }) as {
    functions: Record<string, { role: { "Fn::Sub": string } }>;
    resources: { Resources: Record<string, Role> };
  };
  const role =
    resources.Resources[functions[name]?.role["Fn::Sub"].replace(/^\$\{(\w+)\.Arn\}$/, "$1") ?? ""];
  const program = role?.Properties.Policies.find(({ PolicyName }) => PolicyName === "program");
  return (program?.PolicyDocument.Statement ?? []).flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) => [Resource].flat().map((each) => `${action} ${placeOf(each)}`)),
  );
}

/** `intake/raw/` for `arn:…:s3:::${IntakeBucket}/raw/*`; the name of a parameter or resource for a reference. */
function placeOf(resource: unknown): string {
  const { Ref: reference, "Fn::Sub": arn } = resource as { Ref?: string; "Fn::Sub"?: string };
  if (reference !== undefined) return reference;
  const buckets = { LandingBucket: "landing", IntakeBucket: "intake" } as Record<string, string>;
  const [, bucket = "", folder = ""] = /:::\$\{(\w+)\}(?:(\/.*)\*)?$/.exec(arn ?? "") ?? [];
  return `${buckets[bucket] ?? bucket}${folder}`;
}

/**
 * The rights that a call needs, on encrypted buckets and topics.
 * Source: AWS Service Authorization Reference.
 */
function rightsFor(
  { operation, bucket = "", key = "", query, status }: RecordedRequest,
  source: string,
): Right[] {
  const place = `${bucket}/${key.split("/")[0] ?? ""}/`;
  const [decrypt, encrypt] = ["kms:Decrypt IntakeKeyArn", "kms:GenerateDataKey IntakeKeyArn"];
  switch (operation) {
    case "GetObject":
    case "HeadObject": {
      const read = "versionId" in query ? "s3:GetObjectVersion" : "s3:GetObject";
      return [`${read} ${place}`, status === 404 ? `s3:ListBucket ${bucket}` : decrypt];
    }
    case "PutObject":
      return [`s3:PutObject ${place}`, encrypt];
    case "CopyObject":
      return [`s3:GetObjectVersion ${source}`, decrypt, `s3:PutObject ${place}`, encrypt];
    case "DeleteObject":
      return [`${"versionId" in query ? "s3:DeleteObjectVersion" : "s3:DeleteObject"} ${place}`];
    case "ListMultipartUploads":
      return [`s3:ListBucketMultipartUploads ${bucket}`];
    case "AbortMultipartUpload":
      return [`s3:AbortMultipartUpload ${place}`];
    case "GetSecretValue":
      return ["secretsmanager:GetSecretValue DatabaseSecretArn", decrypt];
    case "Publish":
      return [encrypt, decrypt];
    case "StartExecution":
      return ["states:StartExecution StateMachine"];
    default:
      throw new Error(`no right is known for ${operation}`);
  }
}

let world: DeliveryWorld;
const environment = { ...process.env };
beforeAll(async () => {
  world = await DeliveryWorld.create();
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, "write").mockReturnValue(true);
  }
  await everyPath();
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

/** Deliveries of every kind, so that each function makes every call that it can make. */
async function everyPath(): Promise<void> {
  const starter = world.handler<SQSEvent>("start", start);
  await world.deliver(KEY, right);
  const [event] = world.world.aws.events.slice(-1);
  await starter({ Records: [{ messageId: "1", body: JSON.stringify(event) }] } as SQSEvent);

  const loaded = await world.deliver(KEY, right);
  await world.run(loaded, {
    IntakeStage: async (input) => {
      const { raw } = input["arrival"] as { raw: { key: string } };
      const key = raw.key.replace("raw/", "stage/").replace(".dat", ".parquet");
      await world.world.s3.send(new CreateMultipartUploadCommand({ Bucket: world.bucket, Key: key }));
      return world.tasks.IntakeStage(input);
    },
  });
  expect(await world.openUploads()).toBe(0);
  await world.run(loaded);

  const rejected = await world.deliver(KEY, wrong);
  await world.run(rejected);
  await world.run(rejected);

  // Rejected, and then taken again by the state machine when the rows that it refers to are there.
  const waiting = await world.deliver(KEY, early);
  let state: object = {};
  await world.run(waiting, {
    IntakeLoad: (input) => world.tasks.IntakeLoad({ ...(state = input), ifMissing: "reject" }),
  });
  await world.world.sql("insert into client values (300, 'N', 'S', 10)");
  await world.world.sql("insert into account values (3000, 5, 300, '2020-01-01')");
  const again = (await world.tasks.IntakeLoad({ ...state })) as object;
  await world.tasks.IntakeSettle((await world.tasks.IntakeStage({ ...again })) as Record<string, unknown>);
  // An attempt that comes when all is done.
  await world.tasks.IntakeLoad({ ...state });
}

describe("the role of", () => {
  it.each([
    ["start", ""],
    ["receive", "landing/landing/"],
    ["load", ""],
    ["stage", ""],
    ["settle", "intake/raw/"],
  ] as const)("%s allows every call of the function, and nothing else", async (name, source) => {
    const used = new Set(world.callsOf(name).flatMap((call) => rightsFor(call, source)));
    // The topics are those of the settings, which the template gives it.
    if (name === "settle")
      for (const topic of ["NotifyTopicArn", "IntakeTopicArn"]) used.add(`sns:Publish ${topic}`);
    // The topic for people is encrypted with the key of the extracts.
    if (name === "settle")
      for (const action of ["Decrypt", "GenerateDataKey"]) used.add(`kms:${action} ExtractsKeyArn`);
    expect([...used].sort()).toEqual((await grantedTo(name)).sort());
  });
});
