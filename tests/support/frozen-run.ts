/** A run that freezes at a step, as if its process had been stopped there, and may wake up again much later. */
import type { LakeStep } from "../../src/lake/lake-month";

export class FrozenRun<Step extends string = LakeStep> {
  /** Resolves when the run is frozen. */
  readonly frozen: Promise<void>;
  readonly #step: Step;
  #missing: number;
  readonly #awake: Promise<void>;
  #freeze: () => void = () => undefined;
  #wake: () => void = () => undefined;

  /** @param nth at which of these steps the run freezes. */
  constructor(step: Step, nth: number) {
    this.#step = step;
    this.#missing = nth;
    this.frozen = new Promise((resolve) => (this.#freeze = resolve));
    this.#awake = new Promise((resolve) => (this.#wake = resolve));
  }

  /** For a run to call at each step. Once it is frozen, nothing of it goes on. */
  readonly observe = async ({ step }: { readonly step: Step }): Promise<void> => {
    if (step === this.#step) this.#missing -= 1;
    if (this.#missing > 0) return;
    this.#freeze();
    await this.#awake;
  };

  wake(): void {
    this.#wake();
  }
}
