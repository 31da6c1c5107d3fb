/** `refine`: tenants' own files, by hand. */
import type { Command } from "commander";

import type { RawSummary, RawTask } from "../../src/lake/refine/raw-file";
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
    .action(async (files: string[], flags: Flags) => {
      const { json, all, again, withdraw, compact } = flags;
      if (compact !== undefined) {
        await compactMonths(compact as string, json === true, files.length > 0 || all === true);
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
      const done = await refine(files, task);
      if (json === true) terminal.printJson({ files: done });
      terminal.sumUp(
        `${count(done.length, "file")}: ${tally(occurrences(done.map(({ status }) => status))) || "nothing to do"}`,
      );
      expectAccepted(done);
    });
}

async function compactMonths(month: string, json: boolean, hasFiles: boolean): Promise<void> {
  const { compactAll, openRefining } = await import("../../src/lake/refine/run");
  const { parseRefineSettings } = await import("../../src/lake/settings");
  if (!isMonth(month) || hasFiles) {
    throw new RequestError("wrong input: --compact expects a month as YYYY-MM, and no files", {
      hint: `Look at ${NAME} refine --help.`,
    });
  }
  await terminal.begin("compacting");
  const months = await ending.inTime(async (deadline) => {
    const here = edge(deadline);
    return compactAll(await openRefining(parseRefineSettings(here.environment), here), month);
  });
  for (const { tenant, dataset, status, fileCount } of months)
    terminal.result(`${tenant} ${dataset} ${month}  ${status}: ${count(fileCount, "file")}`, "green");
  if (json) terminal.printJson({ months });
  terminal.sumUp(tally(occurrences(months.map(({ status }) => status))) || "nothing to compact");
}

/** @param files none for all. */
async function refine(files: readonly string[], task: RawTask): Promise<readonly RawSummary[]> {
  const { openRefining, refineAll, refineOne } = await import("../../src/lake/refine/run");
  const { parseRefineSettings } = await import("../../src/lake/settings");
  return ending.inTime(async (deadline) => {
    const here = edge(deadline);
    const refining = await openRefining(parseRefineSettings(here.environment), here, {
      step: ({ step, file }) => {
        terminal.progress(`${file}  ${step}`);
      },
    });
    if (files.length === 0) return refineAll(refining, { file: show });
    const done: RawSummary[] = [];
    for (const file of files) {
      const summary = await refineOne(refining, file, task);
      show(summary);
      done.push(summary);
    }
    return done;
  });
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
