/**
 * S3 and Secrets Manager fail by status, silence or a lost connection, in every step of a run. If the SDK's retries
 * succeed, the run publishes everything. If not, it leaves nothing behind, or only what the next run completes.
 */
import type { Fault, RequestEvent } from "../../../local/aws/server";
import { expectFailure, expectPublished, type FaultyRun } from "../../support/fault";
import { fillLargeBank } from "../../support/large-bank";
import { hangUntilTimeIsUp } from "../../support/time-is-up";
import { stagedAsUploads, World } from "../../support/world";

jest.setTimeout(60_000);

const month = "2026-09";
const firstFile = "FirstNational/2026/09/FirstNational_20260930.csv";

const respond = (status: number, code: string): Fault => ({
  respond: { status, code, message: `${code} on purpose.` },
});
const slowDown = respond(503, "SlowDown");
const internalError = respond(500, "InternalError");
const forbidden = respond(403, "AccessDenied");

const storageError = { name: "StorageError", exitCode: 75 } as const;
const refusal = { name: "StorageError", exitCode: 1 } as const;
const conflict = { name: "ConflictError", exitCode: 75 } as const;

let world: World;
beforeAll(async () => (world = await World.create("seeded", stagedAsUploads)));
afterAll(() => world.close());

let prefix: string;
let heal: () => void = () => undefined;
beforeEach(() => (prefix = world.prefix()));
afterEach(() => {
  heal();
});

function run(options: FaultyRun["options"] = {}): FaultyRun {
  return { world, options: { ...options, environment: { EXTRACT_PREFIX: prefix, ...options.environment } } };
}

/** A run whose faults end with it, so that they don't hinder the checks afterwards. */
function healedRun(): FaultyRun {
  return {
    ...run(),
    release: () => {
      heal();
      return Promise.resolve();
    },
  };
}

/** Until `heal`, requests for the operation get the fault: all of them, or those that `when` picks. */
function fault(
  operation: string,
  what: Fault,
  when: (event: RequestEvent, nth: number) => boolean = always,
): void {
  let count = 0;
  const before = heal;
  const remove = world.aws.onRequest((event) => {
    if (event.operation !== operation) return undefined;
    return when(event, ++count) ? what : undefined;
  });
  heal = () => {
    remove();
    before();
    heal = () => undefined;
  };
}

const always = () => true;
const onFirstTry = ({ attempt }: RequestEvent) => attempt === 1;
const onFirstRequest = (_: RequestEvent, nth: number) => nth === 1;
const fromSecondBank = ({ key = "" }: RequestEvent) => !key.endsWith(firstFile);

/** Ends the fault, after which the month's next run publishes it. */
async function expectNextRunPublishes(): Promise<void> {
  heal();
  await expectPublished(run());
}

const everyStep: readonly (readonly [string, string, string, string, string])[] = [
  ["the manifest is read", "GetObject", "read", "_manifests/2026/09.json", "SlowDown"],
  // Several are checked at once, and a response without a body has no error code.
  ["a file is checked", "HeadObject", "look at", "", ""],
  ["open uploads are listed", "ListMultipartUploads", "list the open uploads of", "", "SlowDown"],
  ["an upload is begun", "CreateMultipartUpload", "upload", firstFile, "SlowDown"],
  ["a part is uploaded", "UploadPart", "upload", firstFile, "SlowDown"],
  ["a file is completed", "CompleteMultipartUpload", "write", firstFile, "SlowDown"],
];

describe("when S3 answers 503", () => {
  const operations = everyStep.map(([step, operation]): [string, string] => [step, operation]);
  it.each([...operations, ["the manifest is written", "PutObject"]])(
    "once while %s, the request is repeated and the run succeeds",
    async (_, operation) => {
      fault(operation, slowDown, onFirstTry);
      await expectPublished(run());
    },
  );

  it.each(everyStep)(
    "every time while %s, the run fails with a retryable error",
    async (_, operation, doing, key, code) => {
      fault(operation, slowDown);
      await expectFailure(healedRun(), {
        ...storageError,
        message: [`did not ${doing} s3://${world.bucket}/${prefix}${key}`, code, "(HTTP 503)"],
        hint: "a few minutes",
      });
      await expectNextRunPublishes();
    },
  );
});

describe("when S3 refuses (403)", () => {
  it("a part, the run leaves nothing behind", async () => {
    fault("UploadPart", forbidden, fromSecondBank);
    await expectFailure(run(), {
      ...refusal,
      message: [`upload s3://${world.bucket}/${prefix}`, "/2026/09/", "AccessDenied"],
      hint: `may use the bucket ${world.bucket}`,
    });
    await expectNextRunPublishes();
  });

  it("the first completion, the run leaves nothing behind", async () => {
    fault("CompleteMultipartUpload", forbidden);
    await expectFailure(run(), {
      ...refusal,
      message: [`write s3://${world.bucket}/${prefix}${firstFile}`, "AccessDenied"],
      hint: `may use the bucket ${world.bucket}`,
    });
    await expectNextRunPublishes();
  });

  it("the second completion, the run writes no manifest, and the next run publishes", async () => {
    fault("CompleteMultipartUpload", forbidden, fromSecondBank);
    await expectFailure(run(), {
      ...refusal,
      message: [`write s3://${world.bucket}/${prefix}`, "AccessDenied"],
      hint: `may use the bucket ${world.bucket}`,
      keys: [`${prefix}${firstFile}`],
    });
    await expectNextRunPublishes();
  });

  it("the manifest, the completed files are not published, and the next run publishes them", async () => {
    fault("PutObject", forbidden);
    await expectFailure(run(), {
      ...refusal,
      message: [`write s3://${world.bucket}/${prefix}_manifests/2026/09.json`, "AccessDenied"],
      hint: `may use the bucket ${world.bucket}`,
      keys: await keysOfAllBanks(),
    });
    await expectNextRunPublishes();
  });

  it("a part and then fails to abort, the run reports the refusal, and the next run aborts the upload", async () => {
    fault("UploadPart", forbidden);
    fault("AbortMultipartUpload", internalError);
    await expectFailure(run(), {
      ...refusal,
      message: [`upload s3://${world.bucket}/${prefix}${firstFile}`, "AccessDenied"],
      hint: `may use the bucket ${world.bucket}`,
      leavesUploads: true,
    });
    await expectNextRunPublishes();
  });
});

/** The keys of the month's files, as a dry run names them. */
async function keysOfAllBanks(): Promise<string[]> {
  const { months } = await world.run({ month, dryRun: true }, { environment: { EXTRACT_PREFIX: prefix } });
  return (months[0]?.files ?? []).map(({ key }) => key).sort();
}

describe("when the connection to S3", () => {
  it("is reset once in the middle of a part, the part is sent again", async () => {
    fault("UploadPart", { reset: true, after: "body" }, onFirstTry);
    await expectPublished(run());
  });

  it("is reset every time, the run fails with a retryable error", async () => {
    fault("UploadPart", { reset: true });
    await expectFailure(run(), {
      ...storageError,
      message: [`upload s3://${world.bucket}/${prefix}${firstFile}`],
      hint: "network path to S3",
    });
    await expectNextRunPublishes();
  });

  it("stays silent, the run ends at its deadline", async () => {
    fault("UploadPart", { hang: true });
    await expectFailure(run({ timeLimitMs: 1500 }), {
      name: "DeadlineError",
      exitCode: 75,
      message: ["the time limit", "of First National, 2026-09"],
      hint: "Give it more time.",
    });
    await expectNextRunPublishes();
  });
});

describe("when S3 refuses a completion", () => {
  it.each([
    ["412", respond(412, "PreconditionFailed")],
    ["409", respond(409, "ConditionalRequestConflict")],
    ["404 because the upload was aborted", respond(404, "NoSuchUpload")],
    [
      "412 inside a 200 response",
      { respond200Error: { code: "PreconditionFailed", message: "On purpose." } },
    ],
  ] as const)("with %s, the run reports a conflict with another run", async (_, what) => {
    fault("CompleteMultipartUpload", what);
    await expectFailure(run(), {
      ...conflict,
      message: [`another run wrote s3://${world.bucket}/${prefix}${firstFile}`],
      hint: "Wait until the other run has ended",
    });
    await expectNextRunPublishes();
  });
});

describe("when S3 answers a completion with 200 and an error in the body", () => {
  const error = { respond200Error: { code: "InternalError", message: "On purpose." } } as const;

  it("once, the completion is repeated and the run succeeds", async () => {
    fault("CompleteMultipartUpload", error, onFirstTry);
    await expectPublished(run());
  });

  it("every time, the run fails with a retryable error", async () => {
    fault("CompleteMultipartUpload", error);
    await expectFailure(run(), {
      ...storageError,
      message: [`write s3://${world.bucket}/${prefix}${firstFile}`, "InternalError"],
      hint: "a few minutes",
    });
    await expectNextRunPublishes();
  });
});

describe("when S3 answers the write of a file that was held in memory", () => {
  const held = { environment: { EXTRACT_HELD_MIB: "16" } };
  const isFirstFile = ({ key = "" }: RequestEvent) => key.endsWith(firstFile);

  it.each([
    ["503", slowDown],
    ["a reset of the connection", { reset: true, after: "body" }],
    ["a lost answer", { reset: true, after: "handled" }],
  ] as const)("with %s once, the write is repeated and the run succeeds", async (_, what) => {
    fault("PutObject", what, (event) => isFirstFile(event) && onFirstTry(event));
    await expectPublished(run(held));
  });

  it.each([
    ["503 every time", slowDown, storageError, "did not write"],
    ["403", forbidden, refusal, "did not write"],
    ["412", respond(412, "PreconditionFailed"), conflict, "another run wrote"],
    ["409", respond(409, "ConditionalRequestConflict"), conflict, "another run wrote"],
  ] as const)("with %s, the run writes nothing and leaves nothing behind", async (_, what, error, did) => {
    fault("PutObject", what, isFirstFile);
    const message = [`${did} s3://${world.bucket}/${prefix}${firstFile}`];
    await expectFailure(run(held), { ...error, message, hint: "" });
    await expectNextRunPublishes();
  });
});

describe("when the bucket", () => {
  it("disappears between staging and publishing, the run fails and names it", async () => {
    fault("CompleteMultipartUpload", respond(404, "NoSuchBucket"));
    await expectFailure(run(), {
      ...refusal,
      message: [`write s3://${world.bucket}/${prefix}${firstFile}`, "NoSuchBucket"],
      hint: `have no bucket ${world.bucket}`,
    });
    await expectNextRunPublishes();
  });
});

describe("the upload of a file of several parts", () => {
  let large: World;
  beforeAll(async () => {
    large = await World.create("empty");
    await fillLargeBank(large);
  });
  afterAll(async () => {
    await large.close();
    Object.assign(process.env, world.environment);
  });

  const environment = () => ({ EXTRACT_PREFIX: prefix });

  it("succeeds when one part is lost once and another fails once", async () => {
    let requests = 0;
    const remove = large.aws.onRequest(({ operation, partNumber, attempt }) => {
      if (operation !== "UploadPart") return undefined;
      requests += 1;
      if (attempt > 1) return undefined;
      if (partNumber === 1) return { reset: true, after: "body" };
      return partNumber === 2 ? internalError : undefined;
    });
    await expectPublished({ world: large, options: { environment: environment() } });
    remove();
    // Two parts, each of them twice.
    expect(requests).toBe(4);
  });

  it("leaves no part behind when the last part fails", async () => {
    const remove = large.aws.onRequest(({ operation, partNumber = 0 }) =>
      operation === "UploadPart" && partNumber > 1 ? internalError : undefined,
    );
    await expectFailure(
      { world: large, options: { environment: environment() } },
      {
        ...storageError,
        message: [`upload s3://${large.bucket}/${prefix}Bank/2026/09/Bank_20260930.csv`, "InternalError"],
        hint: "a few minutes",
      },
    );
    remove();
    await expectPublished({ world: large, options: { environment: environment() } });
  });

  it("fails with its first error when the abort fails too, and the next run aborts it", async () => {
    const remove = large.aws.onRequest(({ operation }) => {
      if (operation === "UploadPart") return forbidden;
      return operation === "AbortMultipartUpload" ? internalError : undefined;
    });
    await expectFailure(
      {
        world: large,
        options: { environment: environment() },
        release: () => {
          remove();
          return Promise.resolve();
        },
      },
      {
        ...refusal,
        message: [`upload s3://${large.bucket}/${prefix}Bank/2026/09/Bank_20260930.csv`, "AccessDenied"],
        hint: `may use the bucket ${large.bucket}`,
        leavesUploads: true,
      },
    );
    await expectPublished({ world: large, options: { environment: environment() } });
  });

  it("is aborted at the deadline when it hangs", async () => {
    const time = hangUntilTimeIsUp(
      large.aws,
      ({ operation, partNumber = 0 }) => operation === "UploadPart" && partNumber > 1,
    );
    await expectFailure(
      { world: large, options: { environment: environment(), stop: time.timeIsUp } },
      {
        name: "DeadlineError",
        exitCode: 75,
        message: ["the time limit of 2 s is reached", "of Bank, 2026-09"],
        hint: "Give it more time.",
      },
    );
    time.remove();
  });
});

describe("when S3 is slow and there are many banks,", () => {
  let many: World;
  beforeAll(async () => {
    many = await World.create("empty", stagedAsUploads);
    await many.sql("insert into bank select n, 'Bank ' || n, 0 from generate_series(1, 300) as n");
  });
  afterAll(() => many.close());

  it("a request does not time out while it waits for its turn", async () => {
    const isSlow = (operation: string) => ["HeadObject", "CompleteMultipartUpload"].includes(operation);
    const remove = many.aws.onRequest(({ operation }) => (isSlow(operation) ? { delayMs: 120 } : undefined));
    // If all requests were sent at once, the last would wait longer than this for a socket.
    const aws = many.clients("extract", { connectTimeoutMs: 500 });
    const input = { month, allowEmpty: true };
    await expectPublished({ world: many, input, options: { aws }, withinMs: 55_000 });
    remove();
  });
});

describe("when Secrets Manager", () => {
  const unavailable = { name: "DatabaseUnavailableError", exitCode: 75 } as const;
  const faults = [
    ["fails (500)", respond(500, "InternalServiceError"), "InternalServiceError"],
    ["throttles (400)", respond(400, "ThrottlingException"), "ThrottlingException"],
  ] as const;

  it.each(faults)("%s once, the request is repeated and the run succeeds", async (_, what) => {
    fault("GetSecretValue", what, onFirstRequest);
    await expectPublished(run());
  });

  it.each(faults)("%s every time, the run fails with a retryable error", async (_, what, code) => {
    fault("GetSecretValue", what);
    await expectFailure(run(), {
      ...unavailable,
      message: [`did not return the secret ${world.secretId}`, code],
      hint: "network path to Secrets Manager",
    });
    await expectNextRunPublishes();
  });

  it("never answers, the run ends at its deadline", async () => {
    fault("GetSecretValue", { hang: true });
    await expectFailure(run({ timeLimitMs: 700 }), {
      name: "DeadlineError",
      exitCode: 75,
      message: ["the time limit", "before the connection was open"],
      hint: "Give it more time.",
    });
    await expectNextRunPublishes();
  });
});
