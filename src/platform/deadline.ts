/** The time limit of a run. Lambda kills a function that reaches its own, so a run stops itself before that. */
import { setMaxListeners } from "node:events";

import { DeadlineError } from "./errors";

export interface Deadline {
  /** Aborts at the time limit, with a {@link DeadlineError} as its reason. */
  readonly signal: AbortSignal;
  /** The time left in milliseconds, never below zero. */
  timeLeftMs(): number;
}

/**
 * Runs an action with a time limit. Its timer is cleared when the action settles.
 *
 * @param hint what to do when the limit is reached.
 * @param stop ends the action earlier, for this signal's reason.
 */
export async function withDeadline<Result>(
  timeLimitMs: number,
  hint: string,
  action: (deadline: Deadline) => Promise<Result>,
  stop?: AbortSignal,
): Promise<Result> {
  const controller = new AbortController();
  // Each request in flight listens to the signal, so many listeners are no leak.
  setMaxListeners(0, controller.signal);
  const stopNow = () => {
    controller.abort(stop?.reason);
  };
  if (stop?.aborted === true) stopNow();
  stop?.addEventListener("abort", stopNow);
  // A function may be given less time than it needs to clear up.
  const limitMs = Math.max(0, timeLimitMs);
  const endsAt = performance.now() + limitMs;
  const timer = setTimeout(() => {
    controller.abort(
      new DeadlineError(`the time limit of ${Math.round(limitMs / 1000)} s is reached`, { hint }),
    );
  }, limitMs);
  try {
    return await action({
      signal: controller.signal,
      timeLeftMs: () => Math.max(0, Math.round(endsAt - performance.now())),
    });
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", stopNow);
  }
}
