/** The definitions of the state machines are valid, name errors that exist, and are drawn in the documents. */
import validate from "asl-validator";

import { WaitingError } from "../../../src/intake/errors";
import * as errors from "../../../src/platform/errors";
import { type Definition, machineNames, readDefinition, taskStates } from "../../support/asl";
import { drawStateMachine } from "../../support/drawing";
import { readDocument } from "../../support/markdown";

/** Errors that Step Functions and Lambda report by themselves. */
const ofAws =
  /^(States\.(ALL|Timeout)|Sandbox\.Timedout|Runtime\.ExitError|Lambda\.(ServiceException|AWSLambdaException|SdkClientException|ClientExecutionTimeoutException|TooManyRequestsException|Unknown))$/;

const kinds = [...Object.values(errors), WaitingError] as (typeof errors.StorageError)[];
const ours = kinds.map((Kind) => new Kind("what", { hint: "Do this.", retry: false }).name);

function withArns(definition: Definition): object {
  const text = JSON.stringify(definition).replace(
    /\$\{(\w+)\}/g,
    "arn:aws:lambda:eu-west-1:123456789012:function:$1",
  );
  return JSON.parse(text) as object;
}

describe.each(machineNames)("the definition of %s", (name) => {
  const definition = readDefinition(name);

  it("is valid Amazon States Language", () => {
    expect(validate(withArns(definition))).toMatchObject({ isValid: true, errors: [] });
  });

  it("names no error that is neither the program's nor AWS's", () => {
    const named = taskStates(definition).flatMap(({ Retry = [], Catch = [] }) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals),
    );
    expect(named.filter((error) => !ours.includes(error) && !ofAws.test(error))).toEqual([]);
  });

  it("is drawn in docs/architecture.md as it is", () => {
    const [, , block = ""] =
      new RegExp(`^(<!-- .*state-machines/${name}.asl.json.* -->\\n\\n)([^]*?\\n\`\`\`\\n)`, "m").exec(
        readDocument("docs/architecture.md"),
      ) ?? [];
    expect(block).toBe(`\`\`\`mermaid\n${drawStateMachine(definition)}\`\`\`\n`);
  });
});
