/** Records requests as they are sent, for `tests/aws-rules/check.py`. */
import { appendFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";

/** The variable with the file that a process appends its requests to; if it is not set, nothing is recorded. */
export const RECORDING = "TEST_AWS_REQUESTS";

/** Bodies above this size are files. No rule is about their content. */
const LARGEST_BODY_BYTES = 1024 * 1024;

export async function recordRequest(
  { method, url, headers }: IncomingMessage,
  body: Buffer | string,
): Promise<void> {
  const file = process.env[RECORDING];
  if (file === undefined) return;
  const kept = body.length > LARGEST_BODY_BYTES ? "" : Buffer.from(body).toString("base64");
  const line = JSON.stringify({ method, url, headers, body: kept });
  await appendFile(file, `${line}\n`);
}
