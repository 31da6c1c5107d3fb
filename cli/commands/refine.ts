/** `refine`: tenants' own files, by hand. */
import type { Command } from "commander";

import type { Compaction } from "../../src/lake/refine/compaction";
import type { RawSummary, RawTask } from "../../src/lake/refine/raw-file";
import { DataError, RequestError } from "../../src/platform/errors";
import { isMonth } from "../../src/platform/month";
import { help, lakeSettings, NAME } from "../help";
import { asJson, type Flags } from "../options";
import { edge, ending, terminal } from "../session";
import { Parts, summed } from "../summing-up";
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
    .option("--compact <YYYY-MM>", "join the files of a closed month into one for each tenant and dataset")
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
        const { compact } = flags;
        if (compact !== undefined) return compactMonth(compact as string, files, flags);
        const task = taskOf(files, flags);
        await terminal.begin("connecting to the lake");
        const refined = await refine(files, task);
        return {
          sum: sumOfStates(
            refined.map(({ status }) => status),
            "file",
          ),
          judge: () => {
            expectAccepted(refined);
          },
        };
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

async function compactMonth(month: string, files: readonly string[], { all }: Flags): Promise<string> {
  const { compactAll, openRefining } = await import("../../src/lake/refine/run");
  const { parseRefineSettings } = await import("../../src/lake/settings");
  if (!isMonth(month) || files.length > 0 || all === true) {
    throw new RequestError("wrong input: --compact expects a month as YYYY-MM, and no files", {
      hint: `Look at ${NAME} refine --help.`,
    });
  }
  await terminal.begin("compacting");
  const months = new Parts<Compaction>("months", ({ tenant, dataset }) => `${tenant} ${dataset} ${month}`);
  await months.during(() =>
    ending.inTime(async (deadline) => {
      const here = edge(deadline);
      const refining = await openRefining(parseRefineSettings(here.environment), here);
      await compactAll(refining, month, (compaction) => {
        months.done.push(compaction);
        const { tenant, dataset, status, fileCount } = compaction;
        terminal.result(`${tenant} ${dataset} ${month}  ${status}: ${count(fileCount, "file")}`, "green");
      });
    }),
  );
  return sumOfStates(
    months.done.map(({ status }) => status),
    "month",
  );
}

/** @param files none for all. */
async function refine(files: readonly string[], task: RawTask): Promise<readonly RawSummary[]> {
  const { openRefining, refineAll, refineOne } = await import("../../src/lake/refine/run");
  const { parseRefineSettings } = await import("../../src/lake/settings");
  const refined = new Parts<RawSummary>("files", ({ file }) => file);
  const add = (summary: RawSummary) => {
    refined.done.push(summary);
    show(summary);
  };
  await refined.during(() =>
    ending.inTime(async (deadline) => {
      const here = edge(deadline);
      const refining = await openRefining(parseRefineSettings(here.environment), here, {
        step: ({ step, file }) => {
          terminal.progress(`${file}  ${step}`);
        },
      });
      if (files.length === 0) await refineAll(refining, { file: add });
      for (const file of files) add(await refineOne(refining, file, task));
    }),
  );
  return refined.done;
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
