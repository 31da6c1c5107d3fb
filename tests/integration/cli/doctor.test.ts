/** The doctor: each finding provoked once, and nothing fine that it could not look at. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { expectFine } from "../../../cli/commands/doctor";
import {
  accountClients,
  configOf,
  intakeParameterNames,
  parameterNames,
  type Service,
} from "../../../cli/doctor/account";
import { reservations } from "../../../cli/doctor/concurrency";
import { indexed, tables } from "../../../cli/doctor/database";
import { examine } from "../../../cli/doctor/doctor";
import type { Finding } from "../../../cli/doctor/finding";
import { functionSettings } from "../../../cli/doctor/functions";
import { awsClients } from "../../../src/platform/aws";
import { withDeadline } from "../../../src/platform/deadline";
import { commandLine } from "../../support/command-line";
import { execute } from "../../support/packaged";
import { ROOT } from "../../support/root";
import {
  refusal,
  type Script,
  type ScriptedAccount,
  startScriptedAccount,
} from "../../support/scripted-account";
import { World } from "../../support/world";

let world: World;
let aws: ScriptedAccount;
beforeAll(async () => {
  world = await World.create("empty");
  aws = await startScriptedAccount();
});
afterAll(async () => {
  await aws.close();
  await world.close();
});

const KEY = "arn:aws:kms:eu-west-1:123456789012:key/one";
const values: Readonly<Record<string, string>> = {
  "extracts-bucket": "extracts",
  "extracts-key-arn": KEY,
  "database-secret-arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:database",
  "notify-topic-arn": "arn:aws:sns:eu-west-1:123456789012:people",
  "announce-topic-arn": "arn:aws:sns:eu-west-1:123456789012:machines",
  "intake-topic-arn": "arn:aws:sns:eu-west-1:123456789012:deliveries",
  "intake-key-arn": KEY,
};
const valueOf = (name: string) => values[name] ?? `the ${name}`;

const ofIntake: readonly string[] = intakeParameterNames;

const parameters =
  (isThere: (name: string) => boolean = (name) => !ofIntake.includes(name)) =>
  (body: string) => {
    const { Names } = JSON.parse(body) as { Names: string[] };
    return {
      Parameters: Names.map((Name) => ({ Name, Value: valueOf(Name.split("/").at(-1) ?? "") })).filter(
        ({ Name }) => isThere(Name.split("/").at(-1) ?? ""),
      ),
    };
  };

const deployed =
  (change: (task: string) => object = () => ({}), services: readonly Service[] = ["bank-batch"]) =>
  (_: string, url: string) => {
    const [, service = "", task = ""] = /(bank-batch(?:-intake|-lake)?)-dev-(\w+)/.exec(url) ?? [];
    const isThere = services.find((one) => one === service);
    if (isThere === undefined) return refusal("ResourceNotFoundException", 404);
    const Variables = {
      ...Object.fromEntries(
        Object.entries(functionSettings[isThere][task] ?? {}).map(([variable, name]) => [
          variable,
          valueOf(name),
        ]),
      ),
      LAKE_BUCKETS: "lake-of-{tenant}",
    };
    return { State: "Active", LastUpdateStatus: "Successful", Environment: { Variables }, ...change(task) };
  };

const subscriptions = (confirmed: number, pending = 0) => {
  const entries = { SubscriptionsConfirmed: confirmed, SubscriptionsPending: pending };
  const xml = Object.entries(entries).map(
    ([key, value]) => `<entry><key>${key}</key><value>${value}</value></entry>`,
  );
  return `<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>${xml.join("")}</Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>`;
};

const schedules = (state: string, stage = "dev") => ({
  Schedules: ["extract", "verify"].map((task) => ({
    State: state,
    Target: { Arn: `arn:aws:lambda:eu-west-1:123456789012:function:bank-batch-${stage}-${task}` },
  })),
});

const encryption = (key: string) =>
  `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>${key}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;

const secret = (change: object = {}) => ({ SecretString: JSON.stringify({ ...world.secret, ...change }) });

/** An account in which everything is fine. */
const healthy = (): Script => ({
  "ssm.GetParameters": parameters(),
  "secretsmanager.GetSecretValue": secret(),
  "s3.HEAD": "",
  "s3.GET versioning": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
  "s3.GET encryption": encryption(`<KMSMasterKeyID>${KEY}</KMSMasterKeyID>`),
  "s3.GET notification":
    "<NotificationConfiguration><EventBridgeConfiguration></EventBridgeConfiguration></NotificationConfiguration>",
  "s3.POST uploads":
    "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>",
  "s3.DELETE uploadId": "",
  "sns.GetTopicAttributes": subscriptions(1),
  "lambda.GetFunctionConfiguration": deployed(),
  "lambda.GetFunctionConcurrency": {},
  "lambda.GetAccountSettings": {
    AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 },
  },
  "scheduler.ListSchedules": schedules("DISABLED"),
});

const credentials = { accessKeyId: "a", secretAccessKey: "b" };

/** What the doctor says of an account that differs from a healthy one in this way. */
async function findings(
  change: Script = {},
  { stage = "dev", environment = {} }: { stage?: string; environment?: Record<string, string> } = {},
): Promise<readonly Finding[]> {
  aws.script = { ...healthy(), ...change };
  const shared = { endpoint: aws.endpoint, region: "eu-west-1", credentials, maxAttempts: 1 };
  const clients = await accountClients(awsClients(shared), shared);
  const variables = { S3_FORCE_PATH_STYLE: "true", DB_SSL: "disable", ...environment };
  return withDeadline(20_000, "", (deadline) =>
    examine({ stage, clients, environment: variables, deadline }, () => undefined),
  );
}

/** The findings that are not fine, in short; that of the connection without TLS, as it is in all tests, left out. */
async function problems(...change: Parameters<typeof findings>): Promise<string[]> {
  return (await findings(...change))
    .filter(({ state, what }) => state !== "fine" && !what.endsWith("without TLS"))
    .map(({ check, state, what }) => `${state === "wrong" ? "✗" : "–"} ${check}: ${what}`);
}

it("the doctor finds nothing wrong with a stage that has everything, and leaves no upload open", async () => {
  const found = await findings();
  expect(found.filter(({ state }) => state === "fine").map(({ check }) => check)).toEqual([
    ...["parameters", "secret", "tables", "indexes", "bucket", "encryption", "events", "writing"],
    ...["topic notify", "topic announce", "functions", "concurrency"],
    ...["schedule of extract", "schedule of verify"],
  ]);
  expect(await problems()).toEqual([]);
  expect(aws.operations.filter((operation) => operation === "s3.POST uploads")).toHaveLength(2);
  expect(aws.operations.filter((operation) => operation === "s3.DELETE uploadId")).toHaveLength(2);
  expect(JSON.stringify(found).includes(String(world.secret["password"]))).toBe(false);
});

it("the doctor changes nothing but the upload that it starts and aborts", async () => {
  await findings();
  const reading = /[.](Get|List)|^s3[.](GET|HEAD)|^s3[.](POST uploads|DELETE uploadId)$/;
  expect(aws.operations.filter((operation) => !reading.test(operation))).toEqual([]);
});

describe("the doctor finds", () => {
  const at = (code: string, status = 400) => refusal(code, status);

  it.each<[string, Script | (() => Script), string[]]>([
    [
      "a parameter that is missing",
      { "ssm.GetParameters": parameters((name) => name !== "master-secret-arn" && !ofIntake.includes(name)) },
      ["✗ parameters: missing in SSM: master-secret-arn"],
    ],
    [
      "a secret that is missing",
      { "secretsmanager.GetSecretValue": at("ResourceNotFoundException") },
      [
        expect.stringMatching(/^✗ secret: the secret arn\S+ can't be read: ResourceNotFound/) as string,
        expect.stringMatching(/^✗ database: /) as string,
      ],
    ],
    [
      "a secret in another form",
      { "secretsmanager.GetSecretValue": { SecretString: "{}" } },
      [
        expect.stringMatching(/^✗ secret: .* username is missing; password is missing$/) as string,
        expect.stringMatching(/^✗ database: /) as string,
      ],
    ],
    [
      "a password that the database refuses",
      () => ({ "secretsmanager.GetSecretValue": secret({ password: "of another user" }) }),
      [expect.stringMatching(/^✗ database: .* refused the user /) as string],
    ],
    [
      "a database that can't be reached",
      () => ({ "secretsmanager.GetSecretValue": secret({ port: 9 }) }),
      [expect.stringMatching(/^– database: could not look: no connection to /) as string],
    ],
    [
      "a part of intake's parameters",
      { "ssm.GetParameters": parameters((name) => name !== "intake-topic-arn") },
      ["✗ parameters: missing in SSM: intake-topic-arn"],
    ],
    ["a bucket that is missing", { "s3.HEAD": at("NotFound", 404) }, ["✗ bucket: extracts doesn't exist"]],
    [
      "a bucket without versions",
      { "s3.GET versioning": "<VersioningConfiguration></VersioningConfiguration>" },
      ["✗ bucket: extracts keeps no versions: what was replaced can't be read as it was"],
    ],
    [
      "a bucket without a key",
      { "s3.GET encryption": encryption("") },
      ["✗ encryption: extracts has no KMS key as its default"],
    ],
    [
      "a bucket with another key",
      { "s3.GET encryption": encryption("<KMSMasterKeyID>other</KMSMasterKeyID>") },
      [`✗ encryption: the default key is other, not ${KEY}`],
    ],
    [
      "a bucket that reports nothing",
      { "s3.GET notification": "<NotificationConfiguration></NotificationConfiguration>" },
      ["✗ events: the bucket reports nothing to EventBridge, so nothing follows"],
    ],
    [
      "a bucket that can't be written to",
      { "s3.POST uploads": at("AccessDenied", 403) },
      ["– writing: could not look: starting an upload was refused"],
    ],
    [
      "a topic without subscribers",
      { "sns.GetTopicAttributes": subscriptions(0, 1) },
      [
        "✗ topic notify: nobody has confirmed a subscription, 1 pending",
        "✗ topic announce: 1 subscriptions are not confirmed, 0 are",
      ],
    ],
    [
      "a topic that is missing",
      { "sns.GetTopicAttributes": at("NotFound", 404) },
      [
        `✗ topic notify: ${valueOf("notify-topic-arn")} doesn't exist`,
        `✗ topic announce: ${valueOf("announce-topic-arn")} doesn't exist`,
      ],
    ],
    [
      "functions that are not deployed",
      { "lambda.GetFunctionConfiguration": at("ResourceNotFoundException", 404) },
      Object.keys(functionSettings["bank-batch"]).map(
        (task) => `✗ functions: bank-batch-dev-${task} is not deployed`,
      ),
    ],
    [
      "a function with values from before the last terraform apply",
      {
        "lambda.GetFunctionConfiguration": deployed((task) =>
          task === "notify" ? { Environment: { Variables: { NOTIFY_TOPIC_ARN: "old" } } } : {},
        ),
      },
      ["✗ functions: bank-batch-dev-notify has other values than SSM: NOTIFY_TOPIC_ARN"],
    ],
    [
      "a function whose update failed",
      {
        "lambda.GetFunctionConfiguration": deployed((task) =>
          task === "rotate" ? { LastUpdateStatus: "Failed" } : {},
        ),
      },
      ["✗ functions: bank-batch-dev-rotate can't be invoked: its last update failed"],
    ],
    [
      "a quota that leaves no room for the reservation",
      {
        "lambda.GetAccountSettings": {
          AccountLimit: { ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 10 },
        },
      },
      ["✗ concurrency: of 10 functions at once, 10 are not reserved: too few to reserve 1 for extract"],
    ],
    [
      "schedules that are missing",
      { "scheduler.ListSchedules": { Schedules: [] } },
      ["✗ schedule of extract: doesn't exist", "✗ schedule of verify: doesn't exist"],
    ],
  ])("%s", async (_, change, expected) => {
    expect(await problems(typeof change === "function" ? change() : change)).toEqual(expected);
  });

  it("schedules that are switched off in prod, and that are on", async () => {
    const prod = { stage: "prod" };
    const script = (state: string): Script => ({
      "scheduler.ListSchedules": schedules(state, "prod"),
      "lambda.GetFunctionConfiguration": (_, url) => deployed()("", url.replace("prod", "dev")),
    });
    expect(await problems(script("ENABLED"), prod)).toEqual([]);
    expect(await problems(script("DISABLED"), prod)).toEqual([
      "✗ schedule of extract: is switched off",
      "✗ schedule of verify: is switched off",
    ]);
  });

  it("no fault in a full account whose extract has its reservation", async () => {
    const AccountLimit = { ConcurrentExecutions: 101, UnreservedConcurrentExecutions: 100 };
    expect(
      await problems({
        "lambda.GetAccountSettings": { AccountLimit },
        "lambda.GetFunctionConcurrency": { ReservedConcurrentExecutions: 1 },
      }),
    ).toEqual([]);
  });

  it("a connection without TLS, and a server without it", async () => {
    const found = await findings();
    expect(found.find(({ check }) => check === "database")).toMatchObject({
      state: "wrong",
      what: `${world.database} on 127.0.0.1 is used without TLS`,
    });
    expect(await problems({}, { environment: { DB_SSL: "verify-full" } })).toEqual([
      expect.stringMatching(/^✗ database: no trusted connection to .* does not support SSL/),
    ]);
  });

  const user = () => String(world.secret["username"]);
  it.each([
    ["a table that is missing", "alter table loans rename to loan", "✗ tables: loans is missing"],
    ["a column that is missing", "alter table loans rename amount to value", "✗ tables: loans has no amount"],
    [
      "a table that may not be read",
      "revoke select on client from $user",
      "✗ tables: client may not be read",
    ],
    [
      "a table that may be written to",
      "grant delete on bank to $user",
      "✗ tables: bank may be written to, which the extract never does",
    ],
    [
      "an index that is missing",
      "drop index client_branch_idbranch_idx",
      "✗ indexes: none on client (branch_idbranch)",
    ],
    [
      "an index that makes it slower",
      "drop index loans_loan_date_brin; create index on loans (loan_date)",
      "✗ indexes: the index on loans (loan_date) is plain: worse than none",
    ],
  ])("%s", async (_, change, expected) => {
    await world.sql(`begin; ${change.replace("$user", user())}; commit`);
    try {
      expect(await problems()).toContain(expected);
    } finally {
      await restore();
    }
  });

  /** Undoes the changes above, one of which was made. */
  async function restore(): Promise<void> {
    const undone = [
      "alter table if exists loan rename to loans",
      "alter table loans rename value to amount",
      `grant select on client to ${user()}; revoke delete on bank from ${user()}`,
      "create index if not exists client_branch_idbranch_idx on client (branch_idbranch)",
      "drop index if exists loans_loan_date_idx; create index if not exists loans_loan_date_brin on loans using brin (loan_date)",
    ];
    for (const statement of undone) await world.sql(statement).catch(() => undefined);
  }
});

describe("the doctor looks at intake and the lake, if the stage has them:", () => {
  const all: readonly Service[] = [
    "bank-batch",
    "bank-batch-backfill",
    "bank-batch-intake",
    "bank-batch-lake",
  ];
  const mapping = (State: string) => ({
    EventSourceMappings: [{ EventSourceArn: "arn:aws:sqs:eu-west-1:123456789012:a-queue", State }],
  });
  const whole = (): Script => ({
    "ssm.GetParameters": parameters(() => true),
    "lambda.GetFunctionConfiguration": deployed(undefined, all),
    "lambda.ListEventSourceMappings": mapping("Enabled"),
  });

  it("all that they need", async () => {
    const found = await findings(whole());
    const checks = found.filter(({ state }) => state === "fine").map(({ check }) => check);
    expect(checks.slice(14)).toEqual([
      ...["landing bucket", "landing encryption", "landing events"],
      ...["intake bucket", "intake encryption", "intake events"],
      ...["topic intake", "functions of intake", "queue of bank-batch-intake-dev-start"],
      ...["functions of lake", "queue of bank-batch-lake-dev-lake"],
      ...["queue of bank-batch-lake-dev-refine", "tenants"],
    ]);
  });

  it.each<[string, Script, readonly string[]]>([
    [
      "functions that are not deployed",
      { "lambda.GetFunctionConfiguration": deployed() },
      ["start", "receive", "load", "stage", "settle"].map(
        (task) => `✗ functions of intake: bank-batch-intake-dev-${task} is not deployed`,
      ),
    ],
    [
      "an account with too few concurrent executions for both reservations",
      {
        "lambda.GetAccountSettings": {
          AccountLimit: { ConcurrentExecutions: 105, UnreservedConcurrentExecutions: 105 },
        },
      },
      [
        "✗ concurrency: of 105 functions at once, 105 are not reserved: too few to reserve 6 for extract and load",
      ],
    ],
    [
      "queues that are switched off",
      { "lambda.ListEventSourceMappings": mapping("Disabled") },
      ["intake-dev-start", "lake-dev-lake", "lake-dev-refine"].map(
        (name) =>
          `✗ queue of bank-batch-${name}: arn:aws:sqs:eu-west-1:123456789012:a-queue sends nothing to it: Disabled`,
      ),
    ],
    [
      "functions without a queue",
      { "lambda.ListEventSourceMappings": { EventSourceMappings: [] } },
      ["intake-dev-start", "lake-dev-lake", "lake-dev-refine"].map(
        (name) => `✗ queue of bank-batch-${name}: no queue sends messages to it`,
      ),
    ],
    [
      "tenants without a bucket",
      {
        "s3.GET versioning": (_, url) =>
          url.includes("lake-of-paper-bank")
            ? refusal("NoSuchBucket", 404)
            : "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      },
      ["✗ tenants: lake-of-paper-bank doesn't exist"],
    ],
    [
      "tenants whose bucket it may not look at",
      {
        "s3.GET versioning": (_, url) =>
          url.includes("lake-of-")
            ? refusal("AccessDenied", 403)
            : "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      },
      Array.from(
        { length: 4 },
        () => expect.stringMatching(/^– tenants: could not look: AccessDenied/) as string,
      ),
    ],
  ])("%s", async (_, change, expected) => {
    expect(await problems({ ...whole(), ...change })).toEqual(expected);
  });
});

it("the doctor says of everything that it may not look at that it could not look", async () => {
  const denied = Object.fromEntries(
    Object.keys(healthy())
      .filter((operation) => operation !== "ssm.GetParameters")
      .map((operation) => [operation, refusal("AccessDeniedException", 403)]),
  );
  const found = await findings(denied);
  expect(found.filter(({ state }) => state !== "unknown").map(({ check }) => check)).toEqual(["parameters"]);
  for (const { what } of found.slice(1)) expect(what).toMatch(/^could not look/);
  const blind = await findings({ ...denied, "ssm.GetParameters": refusal("AccessDeniedException", 400) });
  expect(blind.filter(({ state }) => state !== "unknown")).toEqual([]);
  expect(blind[0]?.hint).toBe("Look again with a login that has ssm:GetParameters.");
  expect(() => {
    expectFine(blind);
  }).toThrow(/^0 wrong, \d+ could not be looked at, 0 fine$/);
});

it("the doctor says in one line that it could not read an answer", async () => {
  const found = await findings({ "lambda.GetAccountSettings": "<!doctype html>" });
  const [finding, ...others] = found.filter(({ state }) => state === "unknown");
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ check: "concurrency" });
  expect(finding?.what).toMatch(/^could not look: SyntaxError: .*$/);
});

describe("the command", () => {
  const environment = () => ({
    ...{ AWS_ENDPOINT_URL: aws.endpoint, AWS_REGION: "eu-west-1", S3_FORCE_PATH_STYLE: "true" },
    ...{ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", DB_SSL: "disable", AWS_MAX_ATTEMPTS: "1" },
  });

  it("prints a line for each finding, what to do below it, and exits with 1", async () => {
    aws.script = { ...healthy(), "ssm.GetParameters": parameters((name) => name !== "extracts-bucket") };
    const { exitCode, stdout, stderr } = await commandLine(["doctor", "--stage", "dev"], environment());
    expect(exitCode).toBe(1);
    expect(stdout).toContain("✗ parameters: missing in SSM: extracts-bucket\n  Try: Run terraform apply");
    expect(stdout).toContain("✓ secret: readable, in the RDS format");
    expect(stdout).toContain("– bucket: its name is not in SSM\n  Try: Correct the parameters first.");
    expect(stderr).toMatch(
      /^\d+ findings: (\d+ wrong, \d+ could not be looked at, \d+ fine), in [\d.]+ s\nError: \1\nTry: /,
    );
  });

  it("prints only JSON with --json, whatever it finds, and rejects a stage that can't be one", async () => {
    aws.script = healthy();
    const { exitCode, stdout } = await commandLine(["doctor", "--stage", "dev", "--json"], environment());
    const { stage, findings: found } = JSON.parse(stdout) as { stage: string; findings: Finding[] };
    expect([exitCode, stage, found.length]).toEqual([1, "dev", 15]);
    expect((await commandLine(["doctor", "--stage", "../dev"], environment())).exitCode).toBe(64);
    expect((await commandLine(["doctor"], environment())).exitCode).toBe(64);
  });
});

describe("settings", () => {
  const environment = () => ({
    ...{ AWS_ENDPOINT_URL: aws.endpoint, AWS_REGION: "eu-west-1", AWS_MAX_ATTEMPTS: "1" },
    ...{ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
  });
  const settings = () => commandLine(["settings", "--stage", "dev"], environment());

  it("prints what the functions have, in the syntax of a shell", async () => {
    aws.script = { "ssm.GetParameters": parameters() };
    const { exitCode, stdout } = await settings();
    expect(exitCode).toBe(0);
    const printed = [
      "DB_SECRET_ID",
      "EXTRACT_BUCKET",
      "EXTRACT_KMS_KEY_ID",
      "ANNOUNCE_TOPIC_ARN",
      "NOTIFY_TOPIC_ARN",
    ];
    const { stdout: read } = await execute(
      "sh",
      ["-c", `${stdout} printf '%s\\n' ${printed.map((name) => `"$${name}"`).join(" ")}`],
      {},
    );
    expect(read.trim().split("\n")).toEqual(
      [
        "database-secret-arn",
        "extracts-bucket",
        "extracts-key-arn",
        "announce-topic-arn",
        "notify-topic-arn",
      ].map(valueOf),
    );
  });

  it("fails if SSM has none or may not be read", async () => {
    aws.script = { "ssm.GetParameters": parameters(() => false) };
    const none = await settings();
    expect([none.exitCode, none.stdout]).toEqual([64, ""]);
    expect(none.stderr).toContain("SSM has no parameters of the stage dev in this account and region");
    aws.script = {};
    const denied = await settings();
    expect([denied.exitCode, denied.stdout]).toEqual([1, ""]);
    expect(denied.stderr).toContain("Try:   Use a login that has ssm:GetParameters.");
  });
});

describe("what the doctor looks for is what the project has:", () => {
  interface ServerlessFile {
    readonly resources: {
      readonly Parameters: Readonly<Record<string, { readonly Default: string }>>;
      readonly extensions: Readonly<
        Record<string, { Properties: { Environment: { Variables: Record<string, { Ref?: string }> } } }>
      >;
    };
    readonly functions: Readonly<Record<string, { readonly reservedConcurrency?: number }>>;
  }
  const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
  const stack = (service: Service) => parse(read(configOf[service]), { merge: true }) as ServerlessFile;
  const services: readonly Service[] = [
    "bank-batch",
    "bank-batch-backfill",
    "bank-batch-intake",
    "bank-batch-lake",
  ];
  const namesOf = (service: Service) =>
    Object.values(stack(service).resources.Parameters).map(({ Default }) => path.basename(Default));

  it("the parameters of the serverless files", () => {
    const core = namesOf("bank-batch");
    expect([...parameterNames].sort()).toEqual(core.sort());
    const others = namesOf("bank-batch-intake").filter((name) => !core.includes(name));
    expect([...intakeParameterNames].sort()).toEqual(others.sort());
    expect(namesOf("bank-batch-lake").filter((name) => ![...core, ...others].includes(name))).toEqual([]);
  });

  it.each(services)("the functions of %s and their settings", (service) => {
    const { resources, functions } = stack(service);
    const nameOf = (reference: string) => resources.Parameters[reference]?.Default.split("/").at(-1);
    const settings = Object.keys(functions).map((task) => {
      const logicalId = `${task.charAt(0).toUpperCase()}${task.slice(1)}LambdaFunction`;
      const variables = resources.extensions[logicalId]?.Properties.Environment.Variables ?? {};
      const references = Object.entries(variables).flatMap(([variable, { Ref }]) => {
        const name = Ref === undefined ? undefined : nameOf(Ref);
        return name === undefined ? [] : [[variable, name]];
      });
      return [task, Object.fromEntries(references)] as const;
    });
    expect(functionSettings[service]).toEqual(Object.fromEntries(settings));
  });

  it("the concurrent executions that functions reserve", () => {
    const found = services.flatMap((service) =>
      Object.entries(stack(service).functions).flatMap(([task, { reservedConcurrency }]) =>
        reservedConcurrency === undefined ? [] : [[service, task, reservedConcurrency]],
      ),
    );
    expect([...reservations].sort()).toEqual(found.sort());
  });

  it("the tables of schema.sql and the indexes of indexes.sql", () => {
    const found = [...read("sql/ods/schema.sql").matchAll(/create table (\w+) \(([^;]+)\);/g)].map(
      ([, table = "", body = ""]) =>
        [table, [...body.matchAll(/^ {4}(\w+) /gm)].map(([, column]) => column)] as const,
    );
    expect(tables).toEqual(Object.fromEntries(found));
    const indexes = [...read("sql/ods/indexes.sql").matchAll(/^create index \w+ on (\w+)[^(]*\((\w+)\)/gm)];
    expect(indexed).toEqual(indexes.map(([, table, column]) => [table, column]));
  });
});
