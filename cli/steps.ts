/** Where a command is in a range of months, and how long the rest may take. */
import type { Flags } from "./options";
import { duration } from "./wording";

export class Steps {
  #done = 0;
  #startedAt: number | undefined;

  /** @param now in milliseconds, from any start. */
  constructor(
    readonly total: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The steps of a command for the months that its flags name; one if they are wrong, which the command reports. */
  static async of(flags: Flags): Promise<Steps> {
    const { parseRequest } = await import("../src/extract/request");
    const { extract, month, from, to, scheduledTime } = flags;
    const named = Object.entries({ extract, month, from, to, scheduledTime });
    try {
      const input = Object.fromEntries(named.filter(([, value]) => value !== undefined));
      return new Steps(parseRequest(input, new Date()).months.length);
    } catch {
      return new Steps(1);
    }
  }

  /** From now on, the steps take their time: what came before doesn't count for the estimate. */
  start(): void {
    this.#startedAt ??= this.now();
  }

  /** One step is done. */
  next(): void {
    this.start();
    this.#done += 1;
  }

  /** The step that is going on, to stand before a text: `5 of 24, about 3 min left  `; empty for a single step. */
  get where(): string {
    if (this.total < 2) return "";
    const place = `${Math.min(this.#done + 1, this.total)} of ${this.total}`;
    const left = this.#timeLeftMs();
    return left === undefined ? `${place}  ` : `${place}, about ${duration(left)} left  `;
  }

  #timeLeftMs(): number | undefined {
    if (this.#done === 0 || this.#startedAt === undefined) return undefined;
    return ((this.now() - this.#startedAt) / this.#done) * (this.total - this.#done);
  }
}
