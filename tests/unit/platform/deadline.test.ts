/** A run's time limit: what it says when it is reached, and what may end a run before. */
import { getEventListeners } from "node:events";
import { setImmediate as tick } from "node:timers/promises";

import { type Deadline, withDeadline } from "../../../src/platform/deadline";

const untilAborted = ({ signal }: Deadline) =>
  new Promise<never>((_resolve, reject) => {
    const end = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });

const MINUTE = 60_000;

describe("the time limit", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it("ends the action when it is reached, not before, and says in seconds what it was", async () => {
    let end: unknown;
    const running = withDeadline(90_400, "Give it more time.", untilAborted).catch((error: unknown) => {
      end = error;
    });
    await jest.advanceTimersByTimeAsync(90_399);
    expect(end).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    await running;
    expect(end).toMatchObject({
      ...{ name: "DeadlineError", hint: "Give it more time.", retry: true },
      message: "the time limit of 90 s is reached",
    });
  });

  it("says how much of it is left, which is never less than nothing", async () => {
    await withDeadline(MINUTE, "Wait.", async (deadline) => {
      expect(deadline.timeLeftMs()).toBe(MINUTE);
      await jest.advanceTimersByTimeAsync(20_000);
      expect(deadline.timeLeftMs()).toBe(40_000);
      await jest.advanceTimersByTimeAsync(50_000);
      expect(deadline.timeLeftMs()).toBe(0);
    });
  });

  it("is reached at once if there is no time at all", async () => {
    const ends = withDeadline(-5000, "Wait.", untilAborted).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(0);
    expect(await ends).toMatchObject({ message: "the time limit of 0 s is reached" });
  });

  it("keeps no process alive when the action has ended, well or not", async () => {
    await withDeadline(MINUTE, "Wait.", () => Promise.resolve());
    await withDeadline(MINUTE, "Wait.", () => Promise.reject(new Error("no"))).catch(() => undefined);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe("another signal", () => {
  const reason = new Error("somebody pressed Ctrl-C");

  it("ends the action earlier, for its own reason", async () => {
    const stop = new AbortController();
    const running = withDeadline(MINUTE, "Wait.", untilAborted, stop.signal);
    await tick();
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it("that has ended everything before ends the action when it begins", async () => {
    await expect(withDeadline(MINUTE, "Wait.", untilAborted, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("is not listened to any longer when the action has ended", async () => {
    const { signal } = new AbortController();
    await withDeadline(
      MINUTE,
      "Wait.",
      (deadline) => {
        expect([deadline.signal.aborted, getEventListeners(signal, "abort").length]).toEqual([false, 1]);
        return Promise.resolve();
      },
      signal,
    );
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
