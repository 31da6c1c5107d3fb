/** How commands end: each with a line that sums up, and a failure with what was done before it. */
import { Command } from "commander";

import { program } from "../../../cli/program";
import { terminal } from "../../../cli/session";
import * as summingUp from "../../../cli/summing-up";
import { RequestError } from "../../../src/platform/errors";

afterEach(() => jest.restoreAllMocks());

it("every command sums up what it did, except one whose output a shell runs at each of its starts", () => {
  const summed = jest.spyOn(summingUp, "summed");
  const action = jest.spyOn(Command.prototype, "action");
  const commands = leavesOf(program());
  const actions = summed.mock.results.map(({ value }) => value as unknown);
  const withoutSum = action.mock.calls.flatMap(([given], at) =>
    actions.includes(given) ? [] : [(action.mock.contexts[at] as Command).name()],
  );
  expect(action).toHaveBeenCalledTimes(commands.length);
  expect(withoutSum).toEqual(["completion"]);
});

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

describe("with --json, a command over several parts", () => {
  const written: string[] = [];
  beforeEach(() => {
    written.length = 0;
    jest.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
    terminal.behave({ json: true, quiet: false, verbose: false });
  });
  afterEach(() => {
    terminal.behave({ json: false, quiet: false, verbose: false });
  });

  /** Does two parts, then ends as told. @returns the error, and the document. */
  async function ends(how: () => Promise<void>, parts = ["2026-08", "2026-09"]) {
    const months = new summingUp.Parts<string>("months", (month) => month);
    const error: unknown = await months
      .during(async () => {
        months.done.push(...parts);
        await how();
      })
      .catch((failure: unknown) => failure);
    terminal.finish(error === undefined ? undefined : { name: "Error" });
    return { error, document: JSON.parse(written.join("")) as unknown };
  }

  const refused = () => Promise.reject(new RequestError("no", { hint: "Do this." }));

  it("has all of them in its document", async () => {
    const { document } = await ends(() => Promise.resolve());
    expect(document).toEqual({ months: ["2026-08", "2026-09"] });
  });

  it("has those before a failure in its document, and the failure names them", async () => {
    const { error, document } = await ends(refused);
    expect((error as RequestError).done).toEqual(["2026-08", "2026-09"]);
    expect(document).toEqual({ months: ["2026-08", "2026-09"], error: { name: "Error" } });
  });

  it("leaves the list of a failure that knows better, and has none if nothing was done", async () => {
    const known = Object.assign(new RequestError("no", { hint: "Do this." }), { done: ["2026-07"] });
    expect((await ends(() => Promise.reject(known))).error).toHaveProperty("done", ["2026-07"]);
    written.length = 0;
    expect((await ends(refused, [])).document).toEqual({ error: { name: "Error" } });
  });
});
