/** A signal stops the command line, by Ctrl-C or from the system: it ends cleanly and at once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { COMMAND_LINE } from "../../support/command-line";
import { Gate } from "../../support/gate";
import { stagedAsUploads, World } from "../../support/world";
import { ROOT } from "../../support/root";

let world: World;
beforeEach(async () => (world = await World.create("seeded", stagedAsUploads)));
afterEach(() => world.close());

/** Starts a command and sends it a signal at its nth request of this kind, which gets no answer. */
async function stopAt(
  operation: string,
  nth: number,
  signal: "SIGINT" | "SIGTERM",
  flags: readonly string[],
): Promise<{ exitCode: number; stderr: string; tookMs: number }> {
  let count = 0;
  const gate = new Gate();
  const remove = world.aws.onRequest((event) => {
    if (event.operation !== operation || ++count < nth) return undefined;
    return gate.hold();
  });
  const child = spawn(process.execPath, [COMMAND_LINE, ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...world.environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([gate.reached, closed]);
  const startedAt = performance.now();
  child.kill(signal);
  // A second signal, from an impatient operator, changes nothing.
  await sleep(20);
  child.kill(signal);
  // A signal may arrive when the process has just ended its work; to a shell, that looks the same.
  const [exitCode, killedBy] = await closed;
  remove();
  gate.open({ reset: true });
  return {
    exitCode: exitCode ?? 128 + constants.signals[killedBy ?? signal],
    stderr,
    tookMs: performance.now() - startedAt,
  };
}

async function expectNothingLeft(keys: readonly string[] = []): Promise<void> {
  expect(await world.openUploads()).toEqual([]);
  expect(await world.connections()).toBe(0);
  expect(await world.keys()).toEqual(keys);
}

describe("a run that is stopped", () => {
  it.each([
    ["while it connects", "GetSecretValue", 1],
    // The fourth bank's, so that no request to begin an upload is on its way: S3 might still carry that out.
    ["while it uploads", "UploadPart", 4],
    ["before it publishes", "CompleteMultipartUpload", 1],
  ] as const)("%s aborts its uploads and closes its connection", async (_, operation, nth) => {
    const { exitCode, stderr, tookMs } = await stopAt(operation, nth, "SIGINT", [
      "extract",
      "--month",
      "2026-09",
    ]);
    expect(stderr).toMatch(/\nStopping …\nStopped by SIGINT\n$/);
    expect(exitCode).toBe(130);
    expect(tookMs).toBeLessThan(5000);
    await expectNothingLeft();
  });

  it("in the second month of a range keeps the first and names it", async () => {
    const range = ["extract", "--from", "2026-08", "--to", "2026-09"];
    const { exitCode, stderr } = await stopAt("UploadPart", 8, "SIGTERM", range);
    expect(exitCode).toBe(143);
    expect(stderr).toContain("Stopped by SIGTERM");
    expect(stderr).toContain("Done:  2026-08 (finished earlier in this run, and kept)");
    const keys = (await world.manifest("2026-08")).files.map(({ key }) => key);
    await expectNothingLeft([...keys, "_manifests/2026/08.json"].sort());
  });
});

describe("status and verify", () => {
  it("end with exit code 130 when they are stopped", async () => {
    await world.run({ month: "2026-09" });
    for (const command of ["status", "verify"]) {
      const { exitCode, stderr } = await stopAt("HeadObject", 1, "SIGINT", [command, "--month", "2026-09"]);
      expect([command, exitCode]).toEqual([command, 130]);
      expect(stderr).toContain("Stopped by SIGINT");
    }
  });
});
