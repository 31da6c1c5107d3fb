/** The command line: its commands, flags and help. What a command needs is loaded when it is asked for. */
import { randomUUID } from "node:crypto";

import { Command, InvalidArgumentError, Option } from "commander";

import { version } from "../package.json";
import type { Deadline } from "../src/platform/deadline";
import { awsClients } from "../src/platform/aws";
import { BatchError } from "../src/platform/errors";
import { defaultExtract, extractNames } from "../src/extract/definitions/index";
import { addMonths, monthOf } from "../src/platform/month";
import { Ending } from "./ending";
import { coloured, Terminal } from "./terminal";

const terminal = new Terminal();
export const ending = new Ending(terminal);

/** What only this edge knows. */
const edge = (deadline: Deadline) => ({
  environment: process.env,
  now: () => new Date(),
  runId: randomUUID(),
  aws: awsClients(),
  deadline,
});

const NAME = "npx bank-batch";

/** How many months `status` and `report` look back on where none are named. */
const MONTHS_BACK = 12;

type Flags = Readonly<Record<string, unknown>>;

export function program(): Command {
  const command = new Command("bank-batch")
    .description(
      "Files for each bank and month, from Aurora PostgreSQL to S3: all banks or none, one manifest a month.",
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError(`Try:   ${NAME} --help`)
    .configureHelp({ styleTitle: (title) => coloured("bold", title, "stdout"), showGlobalOptions: false })
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, `${coloured("red", "Error:")} `));
      },
    });
  addExtract(command);
  addStatus(command);
  addVerify(command);
  addReport(command);
  addDemo(command);
  addLocal(command);
  return command.addHelpText(
    "after",
    help(
      [
        [`${NAME} demo`, "see it work, with nothing set and nothing but Node.js"],
        [`${NAME} extract --month 2026-09`, "publish a closed month"],
        [`${NAME} status`, "which months of which banks are there"],
        [`${NAME} extract --help`, "more on a command, its settings too"],
      ],
      [],
    ),
  );
}

function addExtract(parent: Command): void {
  withMonths(parent.command("extract"))
    .description("extract a closed month, or a range of them, and publish all banks' files or none")
    .addOption(scheduledTime())
    .option("--restate", "allow a published month to change; its revision goes up by one")
    .option("--dry-run", "do everything but publish, and say what would happen")
    .addOption(asJson("the summary"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} extract --month 2026-09`, "one closed month"],
          [`${NAME} extract --from 2026-01 --to 2026-06`, "a backfill, in one pass over the data"],
          [`${NAME} extract --month 2026-09 --dry-run`, "everything but publish"],
          [`${NAME} extract --month 2026-09 --restate`, "let a published month change"],
        ],
        [...databaseSettings, ...bucketSettings],
      ),
    )
    .action(async ({ json, ...input }: Flags) => {
      const { run } = await import("../src/extract/run");
      const { RunProgress } = await import("./progress");
      await terminal.begin("connecting to the database");
      const progress = new RunProgress(terminal);
      const observe = progress.observe.bind(progress);
      const summary = await ending.inTime((deadline) => run(input, edge(deadline), observe));
      terminal.rest();
      if (json === true) printJson(summary);
    });
}

function addStatus(parent: Command): void {
  withMonths(parent.command("status"))
    .description("show which months of which banks are published, as a calendar, from the bucket alone")
    .option("--verify", "read every file to its end, instead of looking whether it is there")
    .addOption(asJson("what was found"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} status`, `the last ${MONTHS_BACK} closed months`],
          [`${NAME} status --from 2025-01 --to 2026-09`, "a range"],
          [`${NAME} status --verify --json`, "for a machine, with every byte read"],
        ],
        bucketSettings,
        "It exits with 0 whatever is there: status tells, verify judges.",
      ),
    )
    .action(async ({ json, verify, ...input }: Flags) => {
      const { openPublished } = await import("../src/extract/run");
      const { readStatus } = await import("../src/extract/status");
      const { calendar } = await import("./calendar");
      await terminal.begin("looking into the bucket");
      const months = await ending.inTime(async (deadline) => {
        const { objects, output, request } = await openPublished(lookingBack(input), edge(deadline));
        const found = [];
        for (const month of request.months) {
          terminal.progress(`looking for ${month}`);
          found.push(await readStatus(objects, output.layout, request.definition, month, verify === true));
        }
        return found;
      });
      terminal.rest();
      if (json === true) {
        printJson({ extract: input["extract"], months });
        return;
      }
      terminal.print(calendar(months, (colour, text) => coloured(colour, text, "stdout")));
      const problems = months.flatMap((month) => month.problems);
      if (problems.length > 0) terminal.print(`\n${problems.join("\n")}\n`);
    });
}

function addVerify(parent: Command): void {
  withMonths(parent.command("verify"))
    .description("check published months by their manifests: every object's bytes, SHA-256, rows and totals")
    .addOption(scheduledTime())
    .addOption(asJson("the findings"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} verify --month 2026-09`, "one month"],
          [`${NAME} verify --from 2026-01 --to 2026-09`, "a range"],
        ],
        bucketSettings,
        "It exits with 1 if a month is missing or damaged.",
      ),
    )
    .action(async ({ json, ...input }: Flags) => {
      const { verify } = await import("../src/extract/run");
      const { expectVerified } = await import("../src/extract/verification");
      await terminal.begin("reading what is published");
      const months = await ending.inTime((deadline) =>
        verify(input, edge(deadline), ({ month, status, revision }) => {
          const line = `${month}  ${status}${revision === undefined ? "" : `, revision ${revision}`}`;
          terminal.say(coloured(status === "verified" ? "green" : "red", line));
        }),
      );
      terminal.rest();
      if (json === true) printJson({ months });
      expectVerified(months);
    });
}

function addReport(parent: Command): void {
  withMonths(parent.command("report"))
    .description(
      "make one HTML page of the published files: what is there, averages, control totals, restatements",
    )
    .option("--output <file>", "where the page goes", "report.html")
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} report`, `the last ${MONTHS_BACK} closed months`],
          [`${NAME} report --from 2025-10 --to 2026-09 --output report.html`, "a range"],
        ],
        bucketSettings,
        "The page needs no network: it can be sent, kept and printed.",
      ),
    )
    .action(async ({ output, ...input }: Flags) => {
      const { openPublished } = await import("../src/extract/run");
      const { writeReport } = await import("../report/report");
      await terminal.begin("reading what is published");
      const file = String(output);
      const { fileCount } = await ending.inTime(async (deadline) => {
        const published = await openPublished(lookingBack(input), edge(deadline));
        const madeAt = new Date();
        return writeReport(published, { file, madeAt, observe: (text) => terminal.progress(text) });
      });
      terminal.rest();
      terminal.say(coloured("green", `${file}  made of ${fileCount} published files`));
    });
}

function addDemo(parent: Command): void {
  withLoans(parent.command("demo"))
    .description("run the whole of it for the last closed month on invented data, on this machine alone")
    .addHelpText("after", help([[`${NAME} demo --loans 20000`, "with fewer loans"]], []))
    .action(({ loans }: LocalFlags) =>
      onThisMachine(async () => {
        const { demo } = await import("../local/demo");
        await demo({ loans, signal: ending.signal, print: terminal.print.bind(terminal) });
      }),
    );
}

function addLocal(parent: Command): void {
  const local = parent.command("local").description("a local stack for development");
  withLoans(local.command("up"))
    .description(
      "start PostgreSQL and an AWS endpoint on this machine with invented data, print the settings that lead there,\n" +
        "and keep them running until Ctrl-C, which removes everything",
    )
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} local up > local.env`, "standard output has the settings alone, as a shell reads them"],
          [". ./local.env", "in another shell; then any command finds the stack"],
        ],
        [],
      ),
    )
    .action(({ loans }: LocalFlags) =>
      onThisMachine(async () => {
        const { up } = await import("../local/up");
        const [print, say] = [terminal.print.bind(terminal), terminal.say.bind(terminal)];
        await up({ loans, signal: ending.signal, print, say });
      }),
    );
}

interface LocalFlags {
  readonly loans: number | undefined;
}

/** What fails in the local stack is no failure of the program that is deployed. */
async function onThisMachine(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof BatchError || !(error instanceof Error)) throw error;
    throw new BatchError(error.message, {
      hint: "Run npm ci, then the same again; docs/decisions/05-local-stack.md says what the local stack needs.",
      cause: error,
    });
  }
}

function withMonths(command: Command): Command {
  return command
    .addOption(
      new Option("--extract <name>", "which extract").choices(extractNames).default(defaultExtract.name),
    )
    .option("--month <YYYY-MM>", "the month")
    .option("--from <YYYY-MM>", "the first month of a range …")
    .option("--to <YYYY-MM>", "… and its last");
}

function withLoans(command: Command): Command {
  return command.option("--loans <number>", "how many loans are invented (200000 unless told)", wholeNumber);
}

function scheduledTime(): Option {
  return new Option(
    "--scheduled-time <time>",
    "the month before this time's, as the schedule has it (ISO 8601)",
  );
}

function asJson(what: string): Option {
  return new Option("--json", `print ${what} as JSON, alone on standard output`);
}

/** The last closed months where none are named. */
function lookingBack(input: Flags): Flags {
  if (["month", "from", "to"].some((name) => name in input)) return input;
  const last = addMonths(monthOf(new Date()), -1);
  return { ...input, from: addMonths(last, 1 - MONTHS_BACK), to: last };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("Expected a whole number.");
}

function printJson(summary: unknown): void {
  terminal.print(`${JSON.stringify(summary)}\n`);
}

type Lines = readonly (readonly [name: string, meaning: string])[];

const bucketSettings: Lines = [
  ["EXTRACT_BUCKET, EXTRACT_PREFIX", "where the files are"],
  ["AWS_REGION, AWS_PROFILE, …", "as every program on the AWS SDK reads them"],
];

const databaseSettings: Lines = [
  ["DB_SECRET_ID", "the secret with the database's user and password"],
  ["DB_HOST, DB_PORT, DB_NAME, DB_SCHEMA", "what completes or overrides the secret"],
  ["DB_SSL", "verify-full (default) or disable"],
  ["EXTRACT_KEY_LAYOUT, EXTRACT_LINE_ENDING", "plain or hive, lf or crlf"],
  ["EXTRACT_KMS_KEY_ID", "the key that encrypts the files"],
];

/** What stands below a command's flags. */
function help(examples: Lines, settings: Lines, remark?: string): string {
  const exitCodes: Lines = [
    ["0", "done"],
    ["1", "failed, and a retry won't cure it"],
    ["64", "wrong input or settings"],
    ["75", "worth a retry"],
    ["130", "ended by Ctrl-C, in good order"],
  ];
  const section = (title: string, lines: Lines): string => {
    if (lines.length === 0) return "";
    const width = Math.max(...lines.map(([name]) => name.length));
    const told = lines.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
    return `\n${coloured("bold", `${title}:`, "stdout")}\n${told.join("\n")}\n`;
  };
  return [
    section("Examples", examples),
    section("Settings, from the environment (docs/contract.md, section 5)", settings),
    section("Exit codes", exitCodes),
    ...(remark === undefined ? [] : [`\n${remark}\n`]),
  ].join("");
}
