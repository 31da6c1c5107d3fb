/** `refine`: tenants' own files, by hand. */
import type { Command } from "commander";

import type { Compaction } from "../../src/lake/refine/compaction";
import type { RawSummary, RawTask, Refining } from "../../src/lake/refine/raw-file";
import type { Ended, RefineObserver } from "../../src/lake/refine/run";
import { DataError, RequestError } from "../../src/platform/errors";
import { isMonth } from "../../src/platform/month";
import { help, lakeSettings, NAME } from "../help";
import { asJson, type Flags } from "../options";
import { edge, ending, terminal } from "../session";
import { type Finished, Parts, summed } from "../summing-up";
import { count, sumOfStates } from "../wording";

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
    .action(
      summed(async (files: string[], flags: Flags) => {
        if (flags["compact"] !== undefined) return compactMonths(files, flags);
        return refine(files, taskOf(files, flags));
      }),
    );
}

/** @throws RequestError if the flags contradict each other. */
function taskOf(files: readonly string[], { all, again, withdraw }: Flags): RawTask {
  const isForAll = all === true;
  if (files.length > 0 === isForAll || (again === true && withdraw === true)) {
    throw new RequestError(
      "wrong input: expected files or --all, with one of --again and --withdraw at most",
      {
        hint: `Look at ${NAME} refine --help.`,
      },
    );
  }
  return withdraw === true ? "withdraw" : again === true ? "again" : "refine";
}

async function compactMonths(files: readonly string[], { compact, all }: Flags): Promise<Finished> {
  // Without a month, the flag is true.
  const month = typeof compact === "string" ? compact : undefined;
  const isForAll = all === true;
  if (files.length > 0 || isForAll === (month !== undefined) || (month !== undefined && !isMonth(month))) {
    throw new RequestError("wrong input: --compact expects a month as YYYY-MM, or --all, and no files", {
      hint: `Look at ${NAME} refine --help.`,
    });
  }
  const { compactAll } = await import("../../src/lake/refine/run");
  await terminal.begin("compacting");
  const months = new Parts<Compaction>("months", (each) => `${each.tenant} ${each.dataset} ${each.month}`);
  const ended = await months.during(() =>
    refining((open) =>
      compactAll(open, month, {
        compacted: (compaction) => {
          months.done.push(compaction);
          const { tenant, dataset, month: compacted, status, fileCount } = compaction;
          terminal.result(
            `${tenant} ${dataset} ${compacted}  ${status}: ${count(fileCount, "file")}`,
            "green",
          );
        },
        failed: showFailure,
      }),
    ),
  );
  return finish(ended, "month", months);
}

/** @param files none for all. */
async function refine(files: readonly string[], task: RawTask): Promise<Finished> {
  const { refineAll, refineOne } = await import("../../src/lake/refine/run");
  await terminal.begin("connecting to the lake");
  const refined = new Parts<RawSummary>("files", ({ file }) => file);
  const add = (summary: RawSummary) => {
    refined.done.push(summary);
    show(summary);
  };
  const step: RefineObserver["step"] = ({ step: name, file }) => {
    terminal.progress(`${file}  ${name}`);
  };
  const ended = await refined.during(() =>
    refining(
      async (open): Promise<Ended<RawSummary>> => {
        if (files.length === 0) return refineAll(open, { file: add, failed: showFailure });
        for (const file of files) add(await refineOne(open, file, task));
        return { done: refined.done, failures: [] };
      },
      { step },
    ),
  );
  return finish(ended, "file", refined, () => {
    expectAccepted(refined.done);
  });
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

/** The last line counts what has failed, too; then the first failure ends the command. */
async function finish<Part extends { readonly status: string }>(
  ended: Ended<Part>,
  thing: string,
  parts: Parts<Part>,
  judge: () => void = () => undefined,
): Promise<Finished> {
  const { expectAllDone } = await import("../../src/lake/refine/run");
  const states = [...parts.done.map(({ status }) => status), ...ended.failures.map(() => "failed")];
  return {
    sum: sumOfStates(states, thing),
    judge: () => {
      expectAllDone(ended, parts.names);
      judge();
    },
  };
}

function showFailure(what: string, error: unknown): void {
  terminal.result(`${what}  failed: ${error instanceof Error ? error.message : String(error)}`, "red");
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
