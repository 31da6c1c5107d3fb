/** S3's client with bounds: how many requests are in flight, when they end, and how long clearing up may take. */
import { setMaxListeners } from "node:events";

import { AbortMultipartUploadCommand, type S3Client } from "@aws-sdk/client-s3";

/**
 * Fewer than the client has sockets: the SDK counts waiting for a socket as part of connecting, so with more requests
 * than sockets it would report a time-out.
 */
const REQUESTS_IN_FLIGHT = 32;
/** For aborting uploads, which must still work after the run's time limit. */
const CLEAR_UP_MS = 5000;

/**
 * The same client, whose requests wait for their turn and end with the signal. Requests that abort uploads don't wait for
 * others, and have their own time limit: after the signal, a single one for all of them together.
 */
export function boundedClient(s3: S3Client, signal: AbortSignal): S3Client {
  const requests = new Slots(REQUESTS_IN_FLIGHT);
  const clearUps = new Slots(REQUESTS_IN_FLIGHT);
  let lastClearUp: AbortSignal | undefined;
  const beginLastClearUp = (): AbortSignal => {
    const last = AbortSignal.timeout(CLEAR_UP_MS);
    // Each request in flight listens to the signal, so many listeners are no leak.
    setMaxListeners(0, last);
    return last;
  };
  // Requests that began before the signal end within the same time.
  signal.addEventListener("abort", () => (lastClearUp ??= beginLastClearUp()), { once: true });
  const clearUpSignal = (): AbortSignal =>
    signal.aborted ? (lastClearUp ??= beginLastClearUp()) : AbortSignal.timeout(CLEAR_UP_MS);
  const send = (command: Parameters<S3Client["send"]>[0]): Promise<unknown> => {
    const clearsUp = command instanceof AbortMultipartUploadCommand;
    return (clearsUp ? clearUps : requests).use(() => {
      const abortSignal = clearsUp ? clearUpSignal() : signal;
      return s3.send(command, { abortSignal });
    });
  };
  return Object.create(s3, { send: { value: send } }) as S3Client;
}

/** Lets a number of actions run at a time; the others wait in order. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
