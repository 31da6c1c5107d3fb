/** One PostgreSQL server for the whole test run, with two template databases: with loans, and with empty tables. */
import { startPostgres } from "../../local/postgres";
import { seed, smallSeed } from "../../local/seed";
import { startRecording } from "./permissions";
import type { TestServer } from "./world";

/** 36 months, quiet ones and empty branches included, and a bank without branches. */
const templateSeed = {
  ...smallSeed,
  loans: 20_000,
  accounts: 4_000,
  branches: 60,
  from: "2023-09-01",
  to: "2026-10-31",
  bankWithoutBranches: true,
};

export default async function globalSetup(): Promise<void> {
  // The tests run on Node 20 as well, which the SDK announces to leave in 2027; the Lambda runs on a later one.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  await startRecording();
  const server = await startPostgres();
  (globalThis as { stopPostgres?: () => Promise<void> }).stopPostgres = () => server.stop();

  const admin = await server.connect("postgres");
  for (const [name, loans] of [
    ["template_seeded", templateSeed.loans],
    ["template_empty", 0],
  ] as const) {
    await admin.query(`create database ${name}`);
    const owner = await server.connect(name);
    await seed(
      owner,
      loans > 0
        ? templateSeed
        : { ...templateSeed, loans, accounts: 0, branches: 0, banks: 0, bankWithoutBranches: false },
    );
    await owner.end();
  }
  await admin.end();

  const { host, port, user, password } = server;
  process.env["TEST_POSTGRES"] = JSON.stringify({ host, port, user, password } satisfies TestServer);
}
