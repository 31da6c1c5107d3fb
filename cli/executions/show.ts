/** For `status --stage`: the executions of a deployment stage that run or have failed. */
import { parseStage } from "../options";
import { edge, ending, terminal } from "../session";
import { coloured } from "../terminal";
import { sumOfStates } from "../wording";

/** @returns how many there are, in words. */
export async function showExecutions(name: string): Promise<string> {
  const stage = parseStage(name);
  const { executionsText, listExecutions } = await import("./list");
  await terminal.begin(`looking at the state machines of the stage ${stage}`);
  const executions = await ending.inTime((deadline) => listExecutions(stage, edge(deadline)));
  const paint = (isRunning: boolean, text: string) => coloured(isRunning ? "green" : "red", text, "stdout");
  terminal.printResult({ stage, executions }, executionsText(stage, executions, paint));
  return executions.length === 0
    ? "no executions"
    : sumOfStates(
        executions.map(({ status }) => status.toLowerCase().replace("_", " ")),
        "execution",
      );
}
