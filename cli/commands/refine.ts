/** `refine`: tenants' own files, by hand. */
import type { Command } from "commander";

import type { RawSummary, RawTask, Refining } from "../../src/lake/refine/raw-file";
import type { Ended, RefineObserver } from "../../src/lake/refine/run";
import { DataError, RequestError } from "../../src/platform/errors";
import { isMonth } from "../../src/platform/month";
import { help, lakeSettings, NAME } from "../help";
import { asJson, type Flags } from "../options";
import { edge, ending, terminal } from "../session";
import { count, occurrences, tally } from "../wording";

const colours: Readonly<Record<RawSummary["status"], "green" | "yellow" | "red">> = {
  ...{ accepted: "green", unchanged: "green", withdrawn: "yellow", gone: "yellow", rejected: "red" },
};

export function addRefine(parent: Command): void {
  parent
    .command("refine [files...]")
    .description("bring tenants' own files from raw/ into the lake, or report what is wrong with them")
    .option("--all", "every file of every tenant that is not taken yet")
    .option("--again", "take the files again although they are taken")
    .option("--withdraw", "take the files' rows back")
    .option(
      "--compact [YYYY-MM]",
      "join the files of a closed month into one for each tenant and dataset; with --all, of every closed month",
    )
    .addOption(asJson("the outcomes"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} refine s3://<bucket>/raw/transactions/2026-09-14.csv`, "one file"],
          [`${NAME} refine --all`, "whatever is missing"],
        ],
        lakeSettings,
        "It exits with 1 if a file is rejected.",
      ),
    )
    .action(async (files: string[], flags: Flags) => {
      const { json, all, again, withdraw, compact } = flags;
      if (compact !== undefined) {
        await compactMonths(compact, files.length > 0, all === true, json === true);
        return;
      }
      if (files.length > 0 === (all === true) || (again === true && withdraw === true)) {
        throw new RequestError(
          "wrong input: expected files or --all, with one of --again and --withdraw at most",
          {
            hint: `Look at ${NAME} refine --help.`,
          },
        );
      }
      const task = withdraw === true ? "withdraw" : again === true ? "again" : "refine";
      await terminal.begin("connecting to the lake");
      const ended = await refine(files, task);
      const { done } = ended;
      if (json === true) terminal.printJson({ files: done });
      sumUp("file", done, ended);
      await expectAllDone(
        ended,
        done.map(({ file }) => file),
      );
      expectAccepted(done);
    });
}

/** @param given the month, or true without one. */
async function compactMonths(given: unknown, hasFiles: boolean, all: boolean, json: boolean): Promise<void> {
  const month = typeof given === "string" ? given : undefined;
  if (hasFiles || all === (month !== undefined) || (month !== undefined && !isMonth(month))) {
    throw new RequestError("wrong input: --compact expects a month as YYYY-MM, or --all, and no files", {
      hint: `Look at ${NAME} refine --help.`,
    });
  }
  const { compactAll } = await import("../../src/lake/refine/run");
  await terminal.begin("compacting");
  const ended = await refining((open) =>
    compactAll(open, month, {
      compacted: ({ tenant, dataset, month: compacted, status, fileCount }) => {
        terminal.result(`${tenant} ${dataset} ${compacted}  ${status}: ${count(fileCount, "file")}`, "green");
      },
      failed: showFailure,
    }),
  );
  const { done } = ended;
  if (json) terminal.printJson({ months: done });
  sumUp("month", done, ended);
  await expectAllDone(
    ended,
    done.map((each) => `${each.tenant} ${each.dataset} ${each.month}`),
  );
}

/** Opens the lake for an action that has a deadline. */
async function refining<Result>(
  action: (open: Refining) => Promise<Result>,
  observer: RefineObserver = {},
): Promise<Result> {
  const { openRefining } = await import("../../src/lake/refine/run");
  const { parseRefineSettings } = await import("../../src/lake/settings");
  return ending.inTime(async (deadline) => {
    const here = edge(deadline);
    return action(await openRefining(parseRefineSettings(here.environment), here, observer));
  });
}

/** @param files none for all. */
async function refine(files: readonly string[], task: RawTask): Promise<Ended<RawSummary>> {
  const { refineAll, refineOne } = await import("../../src/lake/refine/run");
  const step: RefineObserver["step"] = ({ step: name, file }) => {
    terminal.progress(`${file}  ${name}`);
  };
  return refining(
    async (open) => {
      if (files.length === 0) return refineAll(open, { file: show, failed: showFailure });
      const done: RawSummary[] = [];
      for (const file of files) {
        const summary = await refineOne(open, file, task);
        show(summary);
        done.push(summary);
      }
      return { done, failures: [] };
    },
    { step },
  );
}

/** The last line: what became of everything, failures included. */
function sumUp(
  what: string,
  done: readonly { readonly status: string }[],
  { failures }: Ended<unknown>,
): void {
  const ends = [...done.map(({ status }) => status), ...failures.map(() => "failed")];
  terminal.sumUp(`${count(ends.length, what)}: ${tally(occurrences(ends)) || "nothing to do"}`);
}

function showFailure(what: string, error: unknown): void {
  terminal.result(`${what}  failed: ${error instanceof Error ? error.message : String(error)}`, "red");
}

async function expectAllDone(ended: Ended<unknown>, done: readonly string[]): Promise<void> {
  const run = await import("../../src/lake/refine/run");
  run.expectAllDone(ended, done);
}

function show({ file, status, month, rowCount, report }: RawSummary): void {
  const details = [
    ...(month === undefined ? [] : [month]),
    ...(rowCount === undefined ? [] : [count(rowCount, "row")]),
    ...(report === undefined ? [] : [`report ${report}`]),
  ];
  terminal.result(
    `${file}  ${status}${details.length > 0 ? `: ${details.join(", ")}` : ""}`,
    colours[status],
  );
}

function expectAccepted(done: readonly RawSummary[]): void {
  const rejected = done.filter(({ status }) => status === "rejected");
  if (rejected.length === 0) return;
  throw new DataError(`rejected: ${rejected.map(({ file }) => file).join(", ")}`, {
    hint: "Each report names every problem, with its line.",
  });
}
