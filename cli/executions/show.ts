/** For `status --stage`: the executions of a deployment stage that run or have failed. */
import { parseStage } from "../options";
import { edge, ending, terminal } from "../session";
import { coloured } from "../terminal";

export async function showExecutions(name: string, json: boolean): Promise<void> {
  const stage = parseStage(name);
  const { executionsText, listExecutions } = await import("../executions/list");
  await terminal.begin(`looking at the state machines of the stage ${stage}`);
  const executions = await ending.inTime((deadline) => listExecutions(stage, edge(deadline)));
  terminal.rest();
  if (json) terminal.printJson({ stage, executions });
  else {
    const paint = (isRunning: boolean, text: string) => coloured(isRunning ? "green" : "red", text, "stdout");
    terminal.print(executionsText(stage, executions, paint));
  }
}
