/** Draws a state machine from its definition, as text for Mermaid. */
import { type Catcher, type Machine, type Retrier, type StateDefinition } from "./asl";

export function drawStateMachine(machine: Machine): string {
  return ["stateDiagram-v2", ...linesOf(machine)].map((line) => `${line}\n`).join("");
}

function linesOf({ StartAt, States: states }: Machine): string[] {
  return [`[*] --> ${StartAt}`, ...Object.entries(states).flatMap(([name, state]) => drawn(name, state))].map(
    (line) => `  ${line}`,
  );
}

function drawn(name: string, state: StateDefinition): string[] {
  switch (state.Type) {
    case "Task":
      return [
        ...(state.Retry === undefined
          ? []
          : [`${name}: ${[name, ...state.Retry.map(retryLabel)].join("<br>")}`]),
        ...(state.Catch ?? []).map((catcher) => `${name} --> ${catcher.Next}: ${catchLabel(catcher)}`),
        `${name} --> ${state.Next ?? "[*]"}`,
      ];
    case "Map":
      return [
        `state "${name}, each, ${state.MaxConcurrency} at a time" as ${name} {`,
        ...linesOf(state.ItemProcessor),
        "}",
        `${name} --> ${state.Next ?? "[*]"}`,
      ];
    case "Pass":
      return [`${name} --> ${state.Next ?? "[*]"}`];
    case "Choice":
      return [
        ...state.Choices.map(({ StringEquals, Next }) => `${name} --> ${Next}: ${StringEquals}`),
        `${name} --> ${state.Default}: otherwise`,
      ];
    case "Succeed":
    case "Fail":
      return [`${name} --> [*]`];
  }
}

function retryLabel({ ErrorEquals, MaxAttempts = 3 }: Retrier): string {
  return `${MaxAttempts} times again after ${errorsLabel(ErrorEquals)}`;
}

function catchLabel({ ErrorEquals }: Catcher): string {
  return ErrorEquals.includes("States.ALL") ? "fails for good" : `still ${errorsLabel(ErrorEquals)}`;
}

/** The program's own errors, and whether there are others. */
function errorsLabel(names: readonly string[]): string {
  if (names.includes("States.ALL")) return "any error";
  const own = names.filter((name) => !name.includes("."));
  const all = [...own, ...(own.length < names.length ? ["errors of Lambda"] : [])];
  // Long lines would make the drawing too wide to read.
  return all.map((name, index) => (index > 0 && index % 2 === 0 ? `<br>${name}` : name)).join(", ");
}
