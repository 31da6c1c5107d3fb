/** A run whose time is up exactly when a request hangs, however slow the machine is until then. */
import type { LocalAws, RequestEvent } from "../../local/aws/server";
import { DeadlineError } from "../../src/platform/errors";

export interface HangingRequests {
  /** Aborts as a deadline does, when one of the requests hangs and no other is under way. */
  readonly timeIsUp: AbortSignal;
  /** Lets later requests pass. */
  remove(): void;
}

/** An upload whose creation is cut off may stay open, so the time is up only when no other request is under way. */
const QUIET_MS = 500;

/** The requests picked hang; when nothing else happens any more, the time of the run that sent them is up. */
export function hangUntilTimeIsUp(
  aws: Pick<LocalAws, "onRequest">,
  isPicked: (event: RequestEvent) => boolean,
): HangingRequests {
  const time = new AbortController();
  let hangs = false;
  const quiet = setTimeout(() => {
    if (hangs)
      time.abort(new DeadlineError("the time limit of 2 s is reached", { hint: "Give it more time." }));
  }, QUIET_MS).unref();
  const remove = aws.onRequest((event) => {
    hangs ||= isPicked(event);
    quiet.refresh();
    return isPicked(event) ? { hang: true } : undefined;
  });
  return { timeIsUp: time.signal, remove };
}
