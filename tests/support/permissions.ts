/**
 * Compares the role of each function with what that function did in the tests: the role allows every call that the
 * function sent, and the function used every right. Checked once, after all tests.
 */
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { parse } from "yaml";

import type { RecordedRequest } from "../../local/aws/server";
import { ROOT } from "./root";

/** Who sends a call, by its `userAgentAppId`: a function, a person with rights of their own, or the tests themselves. */
export type Caller =
  | "extract"
  | "verify"
  | "announce"
  | "notify"
  | "rotate"
  | "lake"
  | "plan"
  | "piece"
  | "report"
  | "operator"
  | "test";

const WITHOUT_ROLE = ["operator", "test"];

/** Intake's functions, whose roles `tests/integration/intake/rights.test.ts` compares: they are in a stack of their own. */
export type IntakeCaller = "start" | "receive" | "load" | "stage" | "settle";
const OF_INTAKE: readonly IntakeCaller[] = ["start", "receive", "load", "stage", "settle"];

/** The variable with the file to which the test processes write the rights that functions used, one per line. */
const RECORD = "TEST_PERMISSIONS";

export async function startRecording(): Promise<void> {
  process.env[RECORD] = path.join(await mkdtemp(path.join(os.tmpdir(), "permissions-")), "used");
}

/** @throws if a call doesn't say which function it is from, or no right is known for it. */
export async function recordCalls(requests: readonly RecordedRequest[]): Promise<void> {
  const used = new Set(requests.flatMap(usedRights));
  await appendFile(process.env[RECORD] ?? "", [...used].map((right) => `${right}\n`).join(""));
}

/** The rights that a call needs, each with the function that sent it: `extract s3:PutObject`. */
function usedRights(request: RecordedRequest): string[] {
  const { userAgent = "" } = request;
  // A consumer's example or the Glue job, which have other roles.
  if (!userAgent.includes("aws-sdk-js/")) return [];
  // The logger adds its own name: app/extract-PT-NO-OP.
  const caller = /\bapp\/([a-z]+)/.exec(userAgent)?.[1];
  if (caller === undefined) {
    throw new Error(
      `${request.operation}: of which function? Use world.clients("extract"), or tests/support/handlers.ts`,
    );
  }
  if ([...WITHOUT_ROLE, ...OF_INTAKE].includes(caller)) return [];
  return rightsFor(request).map((right) => `${caller} ${right}`);
}

/** @throws if a role lacks a right that its function used or, after all tests, has one that it did not use. */
export async function expectLeastPrivilege(isWhole: boolean): Promise<void> {
  const record = process.env[RECORD] ?? "";
  const used = new Set(
    (await readFile(record, "utf8").catch(() => "")).split("\n").filter((line) => line !== ""),
  );
  await rm(path.dirname(record), { recursive: true });

  const granted = new Set(await grantedRights());
  const missing = [...used].filter((right) => !granted.has(right));
  const idle = isWhole ? [...granted].filter((right) => !used.has(right)) : [];
  if (missing.length > 0)
    throw new Error(`serverless.yml does not grant what the functions need: ${missing.join(", ")}`);
  if (idle.length > 0)
    throw new Error(`serverless.yml grants what no test makes the functions use: ${idle.join(", ")}`);
}

interface Role {
  readonly Properties: {
    readonly Policies: readonly { readonly PolicyName: string; readonly PolicyDocument: PolicyDocument }[];
  };
}

interface PolicyDocument {
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

interface ServerlessFile {
  readonly functions: Readonly<Record<string, { readonly role: { readonly "Fn::Sub": string } }>>;
  readonly resources: { readonly Resources: Readonly<Record<string, Role>> };
}

/** The rights of each function's policy `program`; Lambda itself uses the other policies, for logs, queue and network. */
async function grantedRights(): Promise<string[]> {
  const granted = await Promise.all(
    ["serverless.yml", "serverless.lake.yml", "serverless.backfill.yml"].map(rightsIn),
  );
  return granted.flat();
}

async function rightsIn(file: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, file), "utf8");
  const { functions, resources } = parse(text, { merge: true }) as ServerlessFile;
  return Object.entries(functions).flatMap(([name, { role }]) => {
    const { Properties } = resources.Resources[role["Fn::Sub"].replace(/^\$\{(\w+)\.Arn\}$/, "$1")] ?? {};
    const policies = Properties?.Policies.filter(({ PolicyName }) => PolicyName === "program") ?? [];
    const statements = policies.flatMap(({ PolicyDocument: { Statement } }) => Statement);
    return statements.flatMap(({ Action }) => Action).map((right) => `${name} ${right}`);
  });
}

/**
 * The rights that a call needs, with an encrypted bucket, secret and topic.
 * Source: AWS Service Authorization Reference, and Amazon S3 User Guide, "Multipart upload API and permissions".
 */
function rightsFor({ operation, query, status }: RecordedRequest): string[] {
  switch (operation) {
    case "GetSecretValue":
      return ["secretsmanager:GetSecretValue", "kms:Decrypt"];
    case "PutSecretValue":
      return ["secretsmanager:PutSecretValue", "kms:GenerateDataKey", "kms:Decrypt"];
    case "DescribeSecret":
    case "UpdateSecretVersionStage":
    case "GetRandomPassword":
      return [`secretsmanager:${operation}`];
    case "Publish":
      return ["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"];
    case "GetObject":
    case "HeadObject":
      return [
        "versionId" in query ? "s3:GetObjectVersion" : "s3:GetObject",
        ...(status === 404 ? ["s3:ListBucket"] : ["kms:Decrypt"]),
      ];
    case "PutObject":
      return ["s3:PutObject", "kms:GenerateDataKey"];
    case "CreateMultipartUpload":
    case "UploadPart":
    case "CompleteMultipartUpload":
      return ["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"];
    case "AbortMultipartUpload":
      return ["s3:AbortMultipartUpload"];
    case "DeleteObject":
      return ["s3:DeleteObject"];
    case "ListObjectsV2":
      return ["s3:ListBucket"];
    case "GetItem":
    case "PutItem":
    case "Query":
      return [`dynamodb:${operation}`];
    case "ListMultipartUploads":
      return ["s3:ListBucketMultipartUploads"];
    default:
      throw new Error(`no right is known for the operation ${operation}`);
  }
}
