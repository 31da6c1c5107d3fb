/**
 * Compares the role in serverless.yml with what the program did in the tests: the role allows every call that the
 * program sent, and the program used every right. Checked once, after all tests.
 */
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { parse } from "yaml";

import type { RecordedRequest } from "../../local/aws/server";
import { ROOT } from "./root";

/** The variable with the file to which the test processes write the rights that they used, one per line. */
const RECORD = "TEST_PERMISSIONS";

export async function startRecording(): Promise<void> {
  process.env[RECORD] = path.join(await mkdtemp(path.join(os.tmpdir(), "permissions-")), "used");
}

/** @throws if no right is known for one of the requests. */
export async function recordCalls(requests: readonly RecordedRequest[]): Promise<void> {
  const used = new Set(requests.flatMap(rightsFor));
  await appendFile(process.env[RECORD] ?? "", [...used].map((right) => `${right}\n`).join(""));
}

/** @throws if the role lacks a right that was used or, after all tests, has one that was not used. */
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
    throw new Error(`serverless.yml does not grant what the program needs: ${missing.join(", ")}`);
  if (idle.length > 0)
    throw new Error(`serverless.yml grants what no test makes the program use: ${idle.join(", ")}`);
}

async function grantedRights(): Promise<string[]> {
  const text = await readFile(path.join(ROOT, "serverless.yml"), "utf8");
  const { provider } = parse(text) as {
    provider: { iam: { role: { statements: { Action: string | string[] }[] } } };
  };
  return provider.iam.role.statements.flatMap(({ Action }) => Action);
}

/**
 * The rights that a call needs on an encrypted bucket.
 * Source: AWS Service Authorization Reference, and Amazon S3 User Guide, "Multipart upload API and permissions".
 */
function rightsFor({ operation, query, status }: RecordedRequest): string[] {
  switch (operation) {
    case "GetSecretValue":
      return ["secretsmanager:GetSecretValue"];
    case "Publish":
      return ["sns:Publish"];
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
    case "DeleteObject":
      // Only an operator withdraws a month, with other rights than the program's.
      return [];
    case "AbortMultipartUpload":
      return ["s3:AbortMultipartUpload"];
    case "ListMultipartUploads":
      return ["s3:ListBucketMultipartUploads"];
    default:
      throw new Error(`no right is known for the operation ${operation}`);
  }
}
