/**
 * A run reaches its deadline in each of its phases: it ends cleanly, says how far it came, and the month's next run
 * publishes.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { RequestEvent } from "../../../local/aws/server";
import { ROOT } from "../../support/root";
import { expectFailure, expectPublished } from "../../support/fault";
import { Proxy } from "../../support/proxy";
import { makeLoansSlow } from "../../support/slow-loans";
import { testServer } from "../../support/test-server";
import { hangUntilTimeIsUp } from "../../support/time-is-up";
import { stagedAsUploads, World } from "../../support/world";

jest.setTimeout(60_000);

const timeLimitMs = 1500;
const timeIsUp = { name: "DeadlineError", exitCode: 75, hint: "Give it more time." } as const;
const said = "the time limit of 2 s is reached,";

let world: World;
let proxy: Proxy;
beforeEach(async () => {
  world = await World.create("seeded", stagedAsUploads);
  proxy = await Proxy.create(testServer());
});
afterEach(async () => {
  await proxy.close();
  await world.close();
});

/** The time is up when the first of these requests hangs. */
function hang(isPicked: (event: RequestEvent) => boolean) {
  return hangUntilTimeIsUp(world.aws, isPicked);
}

const isOf = (part: string) => (event: RequestEvent) => event.key?.includes(part) === true;

describe("a run at its deadline", () => {
  it("ends while it connects", async () => {
    proxy.script = { silentFromTheStart: true };
    await expectFailure(
      { world, options: { timeLimitMs, environment: proxy.environment } },
      { ...timeIsUp, message: [`${said} before the connection was open`] },
    );
    proxy.script = { pass: true };
    await expectPublished({ world, options: { environment: proxy.environment } });
  });

  it("ends while the database computes", async () => {
    await makeLoansSlow(world);
    await expectFailure(
      { world, options: { timeLimitMs } },
      { ...timeIsUp, message: [`${said} while the database was computing`] },
    );
  });

  it("ends while it receives rows, and says at which row", async () => {
    await world.sql(
      "insert into branch select number, 1, repeat('x', 200) from generate_series(100001, 120000) as number",
    );
    proxy.script = { after: { rows: 10_000 }, then: "silent" };
    const error = await expectFailure(
      { world, options: { timeLimitMs, environment: proxy.environment }, release: () => proxy.close() },
      { ...timeIsUp, message: [said, "of First National, 2026-09"] },
    );
    const [, rows] = /at row (\d+) of/.exec(error.message) ?? [];
    expect(Number(rows)).toBeGreaterThan(0);
    expect(Number(rows)).toBeLessThanOrEqual(10_000);
  });

  it("ends while an upload hangs", async () => {
    const time = hang(({ operation }) => operation === "UploadPart");
    await expectFailure(
      { world, options: { stop: time.timeIsUp } },
      { ...timeIsUp, message: [said, "of First National, 2026-09"] },
    );
    time.remove();
    await expectPublished({ world });
  });

  it("ends between two files, of which the first is staged", async () => {
    const time = hang(
      (event) => event.operation === "CreateMultipartUpload" && !isOf("FirstNational")(event),
    );
    await expectFailure(
      { world, options: { stop: time.timeIsUp } },
      { ...timeIsUp, message: [said, "2026-09"] },
    );
    time.remove();
    await expectPublished({ world });
  });

  it("ends between two completions without a manifest, and the next run publishes", async () => {
    const time = hang(
      (event) => event.operation === "CompleteMultipartUpload" && !isOf("FirstNational")(event),
    );
    await expectFailure(
      { world, options: { stop: time.timeIsUp } },
      {
        ...timeIsUp,
        message: [`${said} while publishing 2026-09, which the next run finishes`],
        keys: ["FirstNational/2026/09/FirstNational_20260930.csv"],
      },
    );
    time.remove();
    await expectPublished({ world });
  });

  it("ends after 5 s more when the aborts of a hanging upload and of a staged one hang too", async () => {
    const time = hang(
      (event) =>
        event.operation === "AbortMultipartUpload" ||
        (event.operation === "UploadPart" && !isOf("FirstNational")(event)),
    );
    await expectFailure(
      { world, options: { stop: time.timeIsUp }, withinMs: 12_000 },
      { ...timeIsUp, message: [said, "2026-09"], leavesUploads: true },
    );
    time.remove();
    await expectPublished({ world });
  });

  it("ends in the second month of a range, and keeps and names the first", async () => {
    const time = hang((event) => event.operation === "UploadPart" && isOf("/2026/09/")(event));
    const { months } = await world.run({ month: "2026-08", dryRun: true });
    const files = (months[0]?.files ?? []).map(({ key }) => key);
    await expectFailure(
      { world, input: { from: "2026-08", to: "2026-09" }, options: { stop: time.timeIsUp } },
      {
        ...timeIsUp,
        message: [said, "of First National, 2026-09"],
        done: ["2026-08"],
        keys: [...files, "_manifests/2026/08.json"].sort(),
      },
    );
    time.remove();
    await expectPublished({ world });
  });
});

describe("the deadline's timer", () => {
  it.each([
    ["succeeds", "2024-05", "published"],
    ["fails", "2999-01", "RequestError"],
  ])("does not keep the process alive after a run that %s", async (_, month, outcome) => {
    const script = `
      const { extract } = require("./src/extract/lambda.ts");
      const context = { functionName: "extract", awsRequestId: "test", getRemainingTimeInMillis: () => 900_000 };
      extract({ month: "${month}" }, context).then(
        ({ months }) => console.log(months[0].status),
        ({ name }) => console.log(name),
      );`;
    const startedAt = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "-e", script], {
      cwd: ROOT,
      env: { ...process.env, ...world.environment },
      timeout: 20_000,
    });
    expect(stdout).toContain(outcome);
    expect(performance.now() - startedAt).toBeLessThan(25_000);
  });
});
