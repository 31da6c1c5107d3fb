/**
 * Holds the role in serverless.yml against what the program did: every call that any test made it send is allowed, and
 * every right is used by one of them. Checked once, when all tests are through.
 */
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { parse } from "yaml";

import type { RecordedRequest } from "../../local/aws/server";
import { ROOT } from "./root";

/** Where the test processes write the rights that they used, one a line. */
const RECORD = "TEST_PERMISSIONS";

export async function startRecording(): Promise<void> {
  process.env[RECORD] = path.join(await mkdtemp(path.join(os.tmpdir(), "permissions-")), "used");
}

/** @throws if a request is one for which no right is known. */
export async function recordCalls(requests: readonly RecordedRequest[]): Promise<void> {
  const used = new Set(requests.flatMap(rightsFor));
  await appendFile(process.env[RECORD] ?? "", [...used].map((right) => `${right}\n`).join(""));
}

/** @throws if the role lacks a right that was used; or, after the whole of the tests, has one that was not. */
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
 * What a call needs on an encrypted bucket.
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
      // Only people withdraw a month, with rights of their own.
      return [];
    case "AbortMultipartUpload":
      return ["s3:AbortMultipartUpload"];
    case "ListMultipartUploads":
      return ["s3:ListBucketMultipartUploads"];
    default:
      throw new Error(`no right is known for the operation ${operation}`);
  }
}
