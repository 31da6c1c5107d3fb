/** What a command has done: in one line at its end, and part by part if it fails before. */
import { BatchError } from "../src/platform/errors";
import { terminal } from "./session";

/** What an action returns whose findings may count as a failure. */
export interface Finished {
  /** Completes a line that ends with the time: `2 months: 1 missing, 1 verified`. */
  readonly sum: string;
  /** Throws if what was found counts as a failure; called after the line. */
  readonly judge: () => void;
}

/** Makes the action of a command, which ends with a line that sums up what was done. */
export function summed<Given extends readonly unknown[]>(
  action: (...given: Given) => Promise<string | Finished>,
): (...given: Given) => Promise<void> {
  return async (...given) => {
    const finished = await action(...given);
    if (typeof finished === "string") {
      terminal.sumUp(finished);
      return;
    }
    terminal.sumUp(finished.sum);
    finished.judge();
  };
}

/** The months or files of a command that takes one after the other. If one fails, those before it are not lost. */
export class Parts<Part> {
  readonly done: Part[] = [];

  /**
   * @param entry under which the document of `--json` has them.
   * @param nameOf a part, in the list of what was done before a failure; without it, the failure has its own list.
   */
  constructor(
    private readonly entry: "months" | "files",
    private readonly nameOf?: (part: Part) => string,
  ) {}

  /** Of the parts that are done; none without {@link nameOf}. */
  get names(): string[] {
    return this.nameOf === undefined ? [] : this.done.map(this.nameOf);
  }

  /**
   * Runs an action that adds each part to {@link done} as soon as it is.
   *
   * @throws what the action throws, with the parts that were done before.
   */
  async during<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      const result = await action();
      this.#keep();
      return result;
    } catch (error) {
      if (this.done.length > 0) this.#keep();
      if (error instanceof BatchError && error.done.length === 0) error.done = this.names;
      throw error;
    }
  }

  #keep(): void {
    terminal.printJson({ [this.entry]: this.done });
  }
}
