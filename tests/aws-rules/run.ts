/**
 * `npm run test:aws`: what AWS, and tools that know it, would refuse. No account is needed. The requests that the program
 * sends in its tests and the packaged CloudFormation template are held against the services' models (`check.py`); cfn-lint
 * reads the template as well, checkov the Terraform and zizmor GitHub's workflows. The requests of Terraform are checked
 * where they are sent, by `npm run test:terraform`.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { installMoto } from "../moto/moto";
import { command } from "../support/packaged";
import { DidNotRun, installPython } from "../support/python";
import { ROOT } from "../support/root";
import { acceptedOfTerraform, acceptedOfWorkflows } from "./accepted";
import { expectAccepted } from "./check";
import { RECORDING } from "../support/recorded-requests";

const execute = promisify(execFile);
const CHECKOV = "checkov==3.3.30";
const ZIZMOR = "zizmor==1.32.0";

async function main(): Promise<void> {
  await step("the checks refuse what AWS is known to refuse", () => expectAccepted("known"));
  await step("no request of the program in its tests breaks a rule of AWS", checkProgram);
  for (const stage of ["dev", "prod"]) {
    await step(`the packaged template of ${stage} breaks no rule of AWS`, () => checkTemplate(stage));
  }
  for (const config of ["serverless.intake.yml", "serverless.backfill.yml", "serverless.lake.yml"]) {
    await step(`the packaged template of ${config} breaks no rule of AWS`, () =>
      checkTemplate("prod", config),
    );
  }
  await step("checkov finds nothing in the Terraform but what is accepted", checkTerraform);
  await step("zizmor finds nothing in the workflows but what is accepted", checkWorkflows);
}

/** Runs the tests that reach every call of the program, against the local AWS endpoint. */
async function checkProgram(): Promise<void> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "requests-"));
  try {
    const requests = path.join(directory, "requests.jsonl");
    const jest = path.join(ROOT, "node_modules", ".bin", "jest");
    await expectSuccess(jest, ["tests/integration/extract", "tests/integration/cli/backfill", "--silent"], { [RECORDING]: requests });
    await expectAccepted("requests", requests);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function checkTemplate(stage: string, config = "serverless.yml"): Promise<void> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "template-"));
  try {
    const { exitCode, stderr } = await command(
      "serverless",
      ["package", "--config", config, "--stage", stage, "--package", directory],
      { TMPDIR: directory, AWS_REGION: "eu-west-1" },
    );
    if (exitCode !== 0) throw new Error(stderr);
    const template = path.join(directory, "cloudformation-template-update-stack.json");
    await expectAccepted("template", template);
    if (config !== "serverless.lake.yml" && config !== "serverless.intake.yml")
      await expectWriters(template, stage);
    const { cfnLint } = await installMoto();
    await expectSuccess(cfnLint, [
      ...["--regions", "eu-west-1", "--template", template],
      // osls names the role of a function twice: in the function, and in what it depends on.
      ...["--ignore-checks", "W3005"],
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/**
 * The bucket of infra-terraform admits writers by the start of their roles' names. A role without a name gets that of its
 * stack, which starts in the same way.
 */
async function expectWriters(template: string, stage: string): Promise<void> {
  const { Resources } = JSON.parse(await readFile(template, "utf8")) as {
    Resources: Record<string, { Type: string; Properties?: { RoleName?: unknown } }>;
  };
  const names = Object.values(Resources).flatMap(({ Type, Properties }) =>
    Type === "AWS::IAM::Role" && Properties?.RoleName !== undefined ? [startOf(Properties.RoleName)] : [],
  );
  const others = names.filter((name) => !`${name}-`.startsWith(`bank-batch-${stage}-`));
  if (others.length > 0) throw new Error(`the bucket denies writes by these roles: ${others.join(", ")}`);
}

/** The start of a name, up to the first part that CloudFormation computes. */
function startOf(name: unknown): string {
  if (typeof name === "string") return name;
  const { "Fn::Join": join, "Fn::Sub": text } = name as {
    "Fn::Join"?: [string, unknown[]];
    "Fn::Sub"?: string;
  };
  if (join === undefined) return text?.split("${")[0] ?? "";
  const [separator, parts] = join;
  const computed = parts.findIndex((part) => typeof part !== "string");
  return parts.slice(0, computed < 0 ? undefined : computed).join(separator);
}

interface Finding {
  readonly check: string;
  readonly place: string;
  readonly why: string;
}

/** Compares findings with those that are accepted. An acceptance that nothing needs any more is a mistake as well. */
function expectOnly(
  findings: readonly Finding[],
  accepted: Readonly<Record<string, { readonly places: readonly string[]; readonly because: string }>>,
): void {
  const isAccepted = ({ check, place }: Finding) => accepted[check]?.places.includes(place) === true;
  const found = findings
    .filter((each) => !isAccepted(each))
    .map((each) => `${each.check} ${each.place}: ${each.why}`);
  const idle = Object.entries(accepted).flatMap(([check, { places }]) =>
    places
      .filter((place) => !findings.some((each) => each.check === check && each.place === place))
      .map(
        (place) => `${check} ${place}: accepted, but not found; remove it from tests/aws-rules/accepted.ts`,
      ),
  );
  const wrong = [...new Set([...found, ...idle])].sort();
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

interface CheckovReport {
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
    }[];
  };
}

async function checkTerraform(): Promise<void> {
  const checkov = await installPython(CHECKOV, "checkov");
  const { stdout } = await printed(checkov, [
    ...["--directory", "infra-terraform", "--framework", "terraform", "--skip-path", "tests"],
    // Without it, checkov asks its maker's server for descriptions.
    ...["--skip-download", "--quiet", "--compact", "--output", "json"],
  ]);
  const { summary, results } = JSON.parse(stdout) as CheckovReport;
  if (summary.passed < 100 || summary.parsing_errors > 0)
    throw new Error(`checkov did not read the Terraform: ${JSON.stringify(summary)}`);
  const findings = results.failed_checks.map(({ check_id: check, check_name: why, resource }) => ({
    ...{ check, why },
    // The same resource is found in each example.
    place: resource.replaceAll(/module\.(\w+)(\[\d+\])?\.|\[\d+\]$/g, ""),
  }));
  expectOnly(findings, acceptedOfTerraform);
}

type ZizmorReport = readonly {
  readonly ident: string;
  readonly desc: string;
  readonly locations: readonly {
    readonly symbolic: { readonly key: { readonly Local?: { readonly verbatim_path: string } } };
  }[];
}[];

async function checkWorkflows(): Promise<void> {
  const zizmor = await installPython(ZIZMOR, "zizmor");
  const { stdout } = await printed(zizmor, ["--offline", "--no-progress", "--format", "json", ".github"]);
  const findings = (JSON.parse(stdout) as ZizmorReport).map(({ ident, desc, locations }) => ({
    ...{ check: ident, why: desc },
    place: path.basename(locations[0]?.symbolic.key.Local?.verbatim_path ?? ""),
  }));
  expectOnly(findings, acceptedOfWorkflows);
}

/** What a program prints, also if it ends with another exit code than 0, as it does when it finds something. */
async function printed(
  program: string,
  programArguments: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const options = { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 };
  try {
    return await execute(program, [...programArguments], options);
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || stdout === "") throw new Error(stderr, { cause: error });
    return { stdout, stderr: stderr ?? "" };
  }
}

async function expectSuccess(
  program: string,
  programArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const options = { cwd: ROOT, env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 };
  try {
    await execute(program, [...programArguments], options);
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}${stderr}`, { cause: error });
  }
}

async function step(what: string, action: () => Promise<unknown>): Promise<void> {
  process.stderr.write(`${what} …`);
  try {
    await action();
    process.stderr.write(" yes\n");
  } catch (error) {
    process.stderr.write(" NO\n");
    if (error instanceof DidNotRun) throw error;
    process.exitCode = 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(
    error instanceof DidNotRun
      ? `\n*** The checks against AWS's rules did not run: ${error.message}. ***\n\n`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
