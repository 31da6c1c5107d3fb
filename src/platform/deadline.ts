/** The time by which a run must have ended: a Lambda is ended by its platform, mid-step, if it does not end itself. */
import { setMaxListeners } from "node:events";

import { DeadlineError } from "./errors";

export interface Deadline {
  /** Aborts when the time is up, with a {@link DeadlineError} for its reason. */
  readonly signal: AbortSignal;
  /** The time left in milliseconds, never below zero. */
  timeLeftMs(): number;
}

/**
 * Runs an action that must end within the time. The timer is gone when the action has settled.
 *
 * @param stop ends it earlier, for the signal's own reason.
 */
export async function withDeadline<Result>(
  timeLimitMs: number,
  hint: string,
  action: (deadline: Deadline) => Promise<Result>,
  stop?: AbortSignal,
): Promise<Result> {
  const controller = new AbortController();
  // Each request that is under way listens; many are no leak.
  setMaxListeners(0, controller.signal);
  const stopNow = () => {
    controller.abort(stop?.reason);
  };
  if (stop?.aborted === true) stopNow();
  stop?.addEventListener("abort", stopNow);
  const endsAt = performance.now() + timeLimitMs;
  const timer = setTimeout(
    () => {
      controller.abort(
        new DeadlineError(`the time is up, after ${Math.round(timeLimitMs / 1000)} s`, { hint }),
      );
    },
    Math.max(0, timeLimitMs),
  );
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
