/** The completion script, run by a real bash. */
import { execFileSync } from "node:child_process";

import { Command } from "commander";

import { completionScript } from "../../../cli/completion";

const program = new Command("bank-batch");
program
  .command("extract")
  .description("it's for months")
  .option("--restate", "x")
  .option("--reason <text>", "y");
program.command("status").description("show months").option("--verify", "z");
program.command("local").description("l").command("up").description("u").option("--loans <n>", "n");

/** What bash offers after these words; the last one is being typed. */
function offered(...words: readonly string[]): string[] {
  const typed = words.map((word) => `'${word}'`).join(" ");
  const script = `${completionScript("bash", program)}
COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _bank_batch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\n").filter(Boolean);
}

it.each([
  [
    ["bank-batch", ""],
    ["extract", "status", "local", "--help"],
  ],
  [["bank-batch", "st"], ["status"]],
  [["npx", "ba"], ["bank-batch"]],
  [
    ["npx", "bank-batch", "extract", "--re"],
    ["--restate", "--reason"],
  ],
  [["npx", "bank-batch", "local", "u"], ["up"]],
  [["npx", "bank-batch", "local", "up", "--lo"], ["--loans"]],
  [["npx", "other", "--re"], []],
])("after %j, bash offers %j", (words, expected) => {
  expect(offered(...words)).toEqual(expected);
});

it("fish gets each flag with its meaning, where its command was typed", () => {
  const script = completionScript("fish", program);
  expect(script).toContain(String.raw`-n '_bank_batch_at ""' -a extract -d 'it\'s for months'`);
  expect(script).toContain(`-n '_bank_batch_at "local up"' -l loans -d 'n'`);
});
