/** The output of the command line, on a terminal and elsewhere. */
import { spawn } from "node:child_process";
import { once } from "node:events";

import type { Summary } from "../../../src/extract/extract";
import { COMMAND_LINE, commandLine } from "../../support/command-line";
import { World } from "../../support/world";
import { ROOT } from "../../support/root";

let world: World;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());

const ESCAPE = "\u001b";

/** Runs a command on a terminal of 100 columns, made by the system's `script`, and returns what the terminal received. */
async function onTerminal(flags: readonly string[], environment: Record<string, string> = {}) {
  const words = [process.execPath, COMMAND_LINE, ...flags].map((word) => `'${word}'`).join(" ");
  const command = `stty columns 100; ${words}`;
  const script =
    process.platform === "darwin"
      ? ["-q", "/dev/null", "sh", "-c", command]
      : ["-qefc", command, "/dev/null"];
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CI|NO_COLOR|FORCE_COLOR)$/.test(name));
  const child = spawn("script", script, {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...world.environment, TERM: "xterm-256color", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let sent = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (sent += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, sent };
}

describe("the command line on a terminal", () => {
  it("shows the current step on one moving line, and leaves a line for each finished step", async () => {
    const { exitCode, sent } = await onTerminal(["extract", "--month", "2026-09"]);
    expect(exitCode).toBe(0);
    expect(sent).toContain("connecting to the database");
    expect(sent).toMatch(/2026-09 {2}[^\n]+ {2}\d+ rows {2}\d+\.\d MB/);
    expect(sent).toMatch(/\[32m2026-09 {2}published, revision 1 {2}_manifests\/2026\/09.json {2}.*\[39m\r\n/);
    // The cursor is hidden while the line moves, and shown again afterwards.
    expect(sent.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(sent.lastIndexOf(`${ESCAPE}[?25l`));
  });

  it("shows a moving line without colours if NO_COLOR is set", async () => {
    const { exitCode, sent } = await onTerminal(["extract", "--month", "2026-09"], { NO_COLOR: "1" });
    expect(exitCode).toBe(0);
    expect(sent).toContain("connecting to the database");
    expect(sent.split(ESCAPE).filter((text) => /^\[[\d;]*m/.test(text))).toEqual([]);
  });

  it("sends no escape sequences if TERM is dumb", async () => {
    const { exitCode, sent } = await onTerminal(["extract", "--month", "2026-13"], {
      NO_COLOR: "1",
      TERM: "dumb",
    });
    expect(exitCode).toBe(64);
    expect(sent).toContain("Error: wrong input: month");
    expect(sent).not.toContain(ESCAPE);
  });
});

describe("the command line without a terminal", () => {
  const run = ["extract", "--month", "2026-08", "--json"];

  it("writes whole lines to standard error, only JSON to standard output, and no escape sequences", async () => {
    const { stdout, stderr } = await commandLine(run, world.environment);
    expect((JSON.parse(stdout) as Summary).months).toMatchObject([{ month: "2026-08", status: "published" }]);
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(/^connected to test_\w+ on 127\.0\.0\.1$/),
      ...Array<unknown>(4).fill(
        expect.stringMatching(
          /^2026-08 {2}staged {2}\S+\.csv {2}\d+ rows?, [\d,]+ bytes, \d+ loans? of \d+ in all/,
        ),
      ),
      "2026-08  reconciled with the control totals",
      expect.stringMatching(/^2026-08 {2}published, revision 1 {2}_manifests\/2026\/08.json {2}4 files, /),
      expect.stringMatching(/^1 month: 1 published; 4 files, \d+ rows, [\d,]+ bytes, in [\d.]+ s$/),
      "",
    ]);
    expect(stdout + stderr).not.toContain(ESCAPE);
  });

  it("uses colours if FORCE_COLOR is set, but never in the JSON", async () => {
    const { stdout, stderr } = await commandLine(run, { ...world.environment, FORCE_COLOR: "1" });
    expect(stderr).toContain(`${ESCAPE}[32m2026-08  unchanged`);
    expect(stdout).not.toContain(ESCAPE);
  });

  it("prints no error when the reader of its pipe closes it", async () => {
    const child = spawn("sh", ["-c", `"$0" "$1" --help | true`, process.execPath, COMMAND_LINE], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    await once(child, "close");
    expect(complaint).toBe("");
  });
});

describe("--help", () => {
  const months = ["--extract", "--month", "--from", "--to"];
  it.each([
    [
      ["extract"],
      [
        ...[...months, "--scheduled-time", "--restate", "--reason", "--by"],
        ...["--allow-empty", "--diff", "--dry-run", "--json"],
        ...["DB_SECRET_ID", "EXTRACT_BUCKET"],
      ],
    ],
    [["status"], [...months, "--verify", "--stage", "--json", "EXTRACT_BUCKET", "exits with 0"]],
    [
      ["verify"],
      [...months, "--scheduled-time", "--lake", "--dataset", "--json", "EXTRACT_BUCKET", "exits with 1"],
    ],
    [["report"], [...months, "--output", "EXTRACT_BUCKET"]],
    [["withdraw"], [...months, "--reason", "--by", "--json", "EXTRACT_BUCKET"]],
    [["doctor"], ["--stage", "--json", "AWS_REGION", "NODE_EXTRA_CA_CERTS", "exits with 0 only"]],
    [["settings"], ["--stage", "AWS_REGION", "no secret"]],
    [["demo"], ["--loans"]],
    [
      ["local", "up"],
      ["--loans", "local up > local.env"],
    ],
  ])("of %j lists its flags, its settings, an example and the exit codes", async (command, words) => {
    const { exitCode, stdout, stderr } = await commandLine([...command, "--help"], { EXTRACT_BUCKET: "" });
    expect([exitCode, stderr]).toEqual([0, ""]);
    for (const word of [...words, `npx bank-batch ${command.join(" ")}`, "64   wrong input or settings"]) {
      expect(stdout).toContain(word);
    }
    const [own = ""] = stdout.split("Global Options:");
    const listed = [...own.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(listed.filter((flag) => !words.includes(flag ?? ""))).toEqual([]);
  });

  it("lists every command, and the error for a wrong flag points to it", async () => {
    const { stdout } = await commandLine(["--help"], {});
    const commands = [...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, command]) => command);
    for (const command of [
      "extract",
      "status",
      "verify",
      "report",
      "withdraw",
      "doctor",
      "settings",
      "completion",
      "demo",
      "local",
    ])
      expect(commands).toContain(command);
    const mistake = await commandLine(["extract", "--mnth", "2026-09"], {});
    expect(mistake.exitCode).toBe(64);
    expect(mistake.stderr).toContain("Error: unknown option '--mnth'\n(Did you mean --month?)\n");
    expect(mistake.stderr).toContain("Try:   npx bank-batch extract --help lists the flags.\n");
  });
});

describe("mistyped words", () => {
  it.each([
    [
      ["stauts"],
      "unknown command 'stauts'\n(Did you mean status?)",
      "npx bank-batch --help lists the commands.",
    ],
    [["local", "upp"], "unknown command 'upp'\n(Did you mean up?)", "npx bank-batch local --help lists"],
    [["extract", "2026-09"], "too many arguments", "Give a month with its flag: --month 2026-09."],
    [["local"], "a command is missing", "npx bank-batch local --help lists them."],
  ])("%j is told as %j", async (flags, message, hint) => {
    const { exitCode, stdout, stderr } = await commandLine(flags, {});
    expect([exitCode, stdout]).toEqual([64, ""]);
    expect(stderr).toContain(`RequestError: ${message}`);
    expect(stderr).toMatch(new RegExp(`^Try: {3}.*${hint}`, "m"));
    expect(stderr).toContain("See:   docs/runbook.md#requesterror-the-input-is-wrong\n");
  });
});

describe("what goes where", () => {
  const verify = ["verify", "--from", "2026-07", "--to", "2026-08"];
  beforeAll(() => commandLine(["extract", "--month", "2026-08"], world.environment));

  it("results go to standard output, the rest to standard error, with a last line that sums up", async () => {
    const { exitCode, stdout, stderr } = await commandLine(verify, world.environment);
    expect(exitCode).toBe(1);
    expect(stdout).toBe("2026-07  missing\n2026-08  verified, revision 1\n");
    expect(stderr).toMatch(/^2 months: 1 missing, 1 verified, in [\d.]+ s\nVerificationError: loan_moving/);
  });

  it("--quiet leaves results and errors", async () => {
    const extract = ["extract", "--month", "2026-08", "--quiet"];
    const { stdout, stderr } = await commandLine(extract, world.environment);
    expect([stdout.split("\n").length, stderr]).toEqual([2, ""]);
    expect(stdout).toMatch(/^2026-08 {2}unchanged, .*, \d+ rows, [\d,]+ bytes, \d+ loans? of \d+ in all/);
    const failed = await commandLine(["--quiet", "extract", "--month", "2026-13"], world.environment);
    expect(failed.stderr).toContain("RequestError: wrong input: month");
  });

  it("--verbose starts lines with the time, and shows an error's causes", async () => {
    const { stderr } = await commandLine([...verify, "--verbose"], world.environment);
    expect(stderr).toMatch(/^\d:\d\d {2}2 months/);
    expect(stderr).toMatch(/^ {4}at expectVerified/m);
  });

  it("with --json, one document has the results and the failure", async () => {
    const { exitCode, stdout } = await commandLine([...verify, "--json"], world.environment);
    expect(JSON.parse(stdout)).toEqual({
      months: [
        expect.objectContaining({ month: "2026-07", status: "missing" }),
        expect.objectContaining({ month: "2026-08", status: "verified" }),
      ],
      error: {
        name: "VerificationError",
        message: expect.stringContaining("of 2026-07 is not published") as string,
        hint: expect.stringContaining("Run the missing month") as string,
        ...{ retry: false, exitCode, done: [] },
        documentation: "docs/runbook.md#verificationerror-a-month-is-missing-or-differs-from-its-manifest",
      },
    });
  });

  it("with --json, a mistyped flag is a document too, in the words of the command line", async () => {
    const mistyped = await commandLine(["extract", "--mnth", "2026-09", "--json"], {});
    expect(JSON.parse(mistyped.stdout)).toMatchObject({ error: { name: "RequestError", exitCode: 64 } });
    const { stdout } = await commandLine(["extract", "--json"], world.environment);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { hint: "Ask for one closed month, --month 2026-09, or a range, --from 2026-01 --to 2026-06." },
    });
  });
});
