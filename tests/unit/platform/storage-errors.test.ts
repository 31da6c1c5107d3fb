/** What a failure of S3 says to the person who has to do something about it. */
import {
  deletion,
  interruption,
  isDeleted,
  isNamed,
  storageError,
} from "../../../src/platform/bucket/errors";
import { BatchError, ConflictError, DeadlineError, StorageError } from "../../../src/platform/errors";

/** An error as the SDK makes it of an answer; without a status, there was no answer. */
function failureOf(name: string, message: string, status?: number): Error {
  const error = Object.assign(new Error(message), { name });
  return status === undefined
    ? error
    : Object.assign(error, { $fault: "client", $metadata: { httpStatusCode: status } });
}

function explained(error: unknown): BatchError {
  const thrown = storageError(error, "write", "extracts", "a/b.csv");
  if (thrown instanceof BatchError) return thrown;
  throw new Error("it was not explained");
}

describe("an answer of S3", () => {
  it("is quoted with its name and status, and with what was not done to which object", () => {
    const cause = failureOf("AccessDenied", "Access Denied", 403);
    const error = explained(cause);
    expect(error).toBeInstanceOf(StorageError);
    expect(error.message).toBe(
      "S3 did not write s3://extracts/a/b.csv: AccessDenied: Access Denied (HTTP 403)",
    );
    expect(error.cause).toBe(cause);
  });

  it.each([
    [408, false],
    [429, true],
    [430, false],
    [499, false],
    [500, true],
    [503, true],
  ])("of status %d is worth a retry, as S3 gives it under load: %s", (status, retry) => {
    const { retry: found, hint } = explained(failureOf("Anything", "no", status));
    expect(found).toBe(retry);
    expect(hint).toBe(retry ? "Wait a few minutes." : "The message above has the cause. A retry won't help.");
  });

  it.each([
    ["PermanentRedirect", 301, "Check AWS_REGION: the bucket extracts is in another region."],
    ["AccessDenied", 403, "Check that the role may use the bucket extracts and its KMS key."],
    [
      "NoSuchBucket",
      404,
      "Check the bucket's name in the settings: this account and region have no bucket extracts.",
    ],
  ])("%s says what to check", (name, status, hint) => {
    expect(explained(failureOf(name, "no", status))).toMatchObject({ hint, retry: false });
  });
});

describe("a request without an answer", () => {
  it("is worth a retry, and the network is what to check", () => {
    expect(explained(failureOf("TimeoutError", "no answer"))).toMatchObject({
      message: "S3 did not write s3://extracts/a/b.csv: TimeoutError: no answer",
      hint: "Check the network path to S3 (VPC endpoint).",
      retry: true,
    });
  });

  it("to an address of this machine says that a local stack may have stopped", () => {
    const refused = failureOf("Error", "connect ECONNREFUSED 127.0.0.1:4566");
    expect(explained(refused).hint).toContain("Nothing listens at this address.");
  });

  it("for want of credentials is an error of the settings", () => {
    const error = explained(failureOf("CredentialsProviderError", "Could not load credentials"));
    expect(error).toMatchObject({ name: "ConfigError", retry: false });
  });
});

it("what is explained already, or is no error at all, stays as it is", () => {
  const conflict = new ConflictError("another run was faster", { hint: "Wait." });
  for (const thrown of [conflict, undefined, "a text", { name: "NoSuchKey", message: "" }]) {
    expect(storageError(thrown, "read", "extracts", "a")).toBe(thrown);
  }
});

it("an error is known by any of the names that are asked for", () => {
  expect(isNamed(failureOf("NoSuchKey", ""), "NotFound", "NoSuchKey")).toBe(true);
  expect(isNamed(failureOf("NoSuchUpload", ""), "NotFound", "NoSuchKey")).toBe(false);
  expect(isNamed({ name: "NoSuchKey" }, "NoSuchKey")).toBe(false);
});

describe("an action that a signal has ended", () => {
  it("at the time limit says what was not done in time, and what to do", () => {
    const reason = new DeadlineError("the time limit of 60 s is reached", { hint: "Give it more time." });
    const error = interruption(reason, "upload", "extracts", "a/b.csv");
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error).toMatchObject({
      message: "the time limit of 60 s is reached; S3 did not upload s3://extracts/a/b.csv in time",
      hint: "Give it more time.",
      cause: reason,
    });
  });

  it("for another reason has that reason", () => {
    const reason = new Error("somebody pressed Ctrl-C");
    expect(interruption(reason, "upload", "extracts", "a")).toBe(reason);
  });
});

describe("an object that is not there", () => {
  const answer = (headers?: Record<string, string>) =>
    Object.assign(failureOf("NoSuchKey", "", 404), { $response: headers && { headers } });

  it("was deleted if S3's answer says so, and otherwise was never there", () => {
    expect(isDeleted(answer({ "x-amz-delete-marker": "true" }))).toBe(true);
    expect(isDeleted(answer({ "x-amz-delete-marker": "false" }))).toBe(false);
    expect(isDeleted(answer({}))).toBe(false);
    expect(isDeleted(answer())).toBe(false);
    expect(isDeleted(Object.assign(failureOf("NoSuchKey", ""), { $response: {} }))).toBe(false);
  });

  it("and should be is put back by a person: a retry would publish without knowing what is published", () => {
    const cause = answer();
    expect(deletion("extracts", "_manifests/2026/09.json", cause)).toMatchObject({
      name: "StorageError",
      message: "s3://extracts/_manifests/2026/09.json was deleted, so what is published is unknown",
      hint: "Find out who deleted it, and put its last version back under the same key; docs/runbook.md has the commands.",
      retry: false,
      cause,
    });
  });
});
