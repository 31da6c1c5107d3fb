/**
 * What a run does for any answers: found by executing it once, then looked up. A run depends only on its answers, so it
 * does the same whatever the other runs did to cause them.
 */
import assert from "node:assert/strict";

import type { Answer, MemoryBucket } from "./memory-bucket";
import { type End, give, type Question, type RunOrder, SteppedRun } from "./stepped-run";

/** The reply to a question, from the bucket, the database or the network. */
export type Reply = Answer | number | boolean | typeof CONNECTION_LOST;

export const CONNECTION_LOST = "the connection was lost";

/** A moment of a run: the answers that it has received, in any order. */
export interface Moment {
  readonly id: number;
  /** In an order in which a run can receive them. */
  readonly answers: readonly (readonly [question: string, reply: Reply])[];
  /** What the run waits for now. */
  readonly questions: readonly Question[];
  readonly end: End | undefined;
}

/** The number of executions that are kept at their moment, to continue from there. */
const KEPT_EXECUTIONS = 100;

export class Behaviour {
  executionCount = 0;
  /** How many orders were compared. */
  comparedCount = 0;
  readonly #moments = new Map<string, Moment>();
  readonly #next = new Map<string, Moment>();
  readonly #ids = new Map<string, number>();
  readonly #replyIds = new WeakMap<Answer, Map<string, number>>();
  /** The oldest first. */
  readonly #executions = new Map<Moment, SteppedRun>();

  /** @param checksOrders executes each order of the same answers, to show that their order makes no difference. */
  constructor(
    readonly order: RunOrder,
    private readonly checksOrders = false,
  ) {}

  async start(): Promise<Moment> {
    return this.#moments.get("") ?? this.#keep("", [], await this.#execute([]));
  }

  /** The moment after a reply; a promise if the run has to be executed for it. */
  after(moment: Moment, question: string, reply: Reply): Moment | Promise<Moment> {
    const step = `${moment.id} ${this.#idOf(question, reply)}`;
    const known = this.#next.get(step);
    if (known !== undefined) return known;
    return this.#findOut(moment, question, reply).then((found) => {
      this.#next.set(step, found);
      return found;
    });
  }

  async #findOut(moment: Moment, question: string, reply: Reply): Promise<Moment> {
    const answers = [...moment.answers, [question, reply] as const];
    const ids = answers.map(([asked, replied]) => this.#idOf(asked, replied));
    const key = ids.sort((one, other) => one - other).join();
    const known = this.#moments.get(key);
    if (known !== undefined && !this.checksOrders) return known;

    const kept = this.#executions.get(moment);
    this.#executions.delete(moment);
    const run = kept ?? (await this.#execute(moment.answers));
    await deliver(run, question, reply);
    if (known === undefined) return this.#keep(key, answers, run);
    this.comparedCount += 1;
    assert.deepEqual(
      stateOf(run),
      stateOf(known),
      `the order of ${JSON.stringify(answers)} makes a difference`,
    );
    return known;
  }

  async #execute(answers: Moment["answers"]): Promise<SteppedRun> {
    this.executionCount += 1;
    const run = new SteppedRun(this.order);
    await run.settled();
    for (const [question, reply] of answers) await deliver(run, question, reply);
    return run;
  }

  #keep(key: string, answers: Moment["answers"], run: SteppedRun): Moment {
    const moment = { id: this.#moments.size, answers, questions: run.questions, end: run.end };
    this.#moments.set(key, moment);
    if (run.end === undefined) this.#executions.set(moment, run);
    const [oldest] = this.#executions.keys();
    if (this.#executions.size > KEPT_EXECUTIONS && oldest !== undefined) this.#executions.delete(oldest);
    return moment;
  }

  /** The same number for the same reply to the same question. */
  #idOf(question: string, reply: Reply): number {
    if (typeof reply !== "object") return this.#number(`${question} ${String(reply)}`);
    const ids = this.#replyIds.get(reply) ?? new Map<string, number>();
    const id = ids.get(question) ?? this.#number(`${question} ${JSON.stringify(reply)}`);
    this.#replyIds.set(reply, ids.set(question, id));
    return id;
  }

  #number(text: string): number {
    const id = this.#ids.get(text) ?? this.#ids.size;
    this.#ids.set(text, id);
    return id;
  }
}

/** Runs to the end without any other run. */
export async function runAlone(
  run: Behaviour,
  before: MemoryBucket,
  data: number,
): Promise<{ readonly moment: Moment; readonly bucket: MemoryBucket }> {
  let [moment, bucket] = [await run.start(), before];
  for (;;) {
    const [question] = moment.questions;
    if (question === undefined) return { moment, bucket };
    const { name, asked } = question;
    if (typeof asked === "string") {
      moment = await run.after(moment, name, asked === "lock" ? true : data);
    } else {
      const outcome = bucket.carryOut(asked, 1);
      bucket = outcome.bucket;
      moment = await run.after(moment, name, outcome.answer);
    }
  }
}

async function deliver(run: SteppedRun, question: string, reply: Reply): Promise<void> {
  if (reply === CONNECTION_LOST) run.fail(question, connectionLost());
  else if (typeof reply === "object") give(run, question, reply);
  else run.answer(question, reply);
  await run.settled();
}

/** The error that the SDK throws after its last try. */
export function connectionLost(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

function stateOf({ questions, end }: Pick<Moment, "questions" | "end">): unknown {
  const asked = questions.map((each) => [each.name, typeof each.asked === "string" ? "" : each.asked.input]);
  return { asked, done: end?.done, failure: String(end?.failure) };
}
