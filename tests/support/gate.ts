/** Holds requests until a test lets them through. */
import type { Fault } from "../../local/aws/server";

export class Gate {
  /** Resolves when the gate holds `requestCount` requests. */
  readonly reached: Promise<void>;
  readonly #opened: Promise<Fault | undefined>;
  #reach: () => void = () => undefined;
  #open: (fault: Fault | undefined) => void = () => undefined;
  #missing: number;

  constructor(requestCount = 1) {
    this.#missing = requestCount;
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#opened = new Promise((resolve) => (this.#open = resolve));
  }

  /** For a hook to return: the request waits until the gate opens. */
  hold(): Promise<Fault | undefined> {
    this.#missing -= 1;
    if (this.#missing === 0) this.#reach();
    return this.#opened;
  }

  /** Lets all requests through, now and later; with a fault, they get it instead of being carried out. */
  open(fault?: Fault): void {
    this.#open(fault);
  }
}
