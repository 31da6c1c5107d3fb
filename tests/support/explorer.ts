/**
 * Explores every order in which the requests of several runs can reach a bucket, with the faults that can hit them.
 *
 * A state is the bucket, the database and the moment of each run. A state that several orders lead to is explored once,
 * so a few thousand states cover all of the many millions of schedules.
 */
import { type Behaviour, CONNECTION_LOST, type Moment, type Reply } from "./behaviour";
import type { MemoryBucket, S3Command } from "./memory-bucket";
import type { Question } from "./stepped-run";

/** One step of a schedule. */
export type Step =
  | { readonly does: "changes the data" }
  | { readonly run: number; readonly does: "dies" }
  | { readonly run: number; readonly does: Fate; readonly question: string };

/**
 * What happens to a request:
 * - `answered`: it is carried out and answered.
 * - `repeated`: it is carried out, its answer is lost, and the SDK sends it again.
 * - `unanswered`: it is carried out, its answer is lost, and the SDK gives up.
 * - `lost`: it is not carried out, and the SDK gives up.
 * - `late`: it is carried out after its run has died.
 */
type Fate = "answered" | "repeated" | "unanswered" | "lost" | "late";

export type Fault = "dies" | "repeated" | "unanswered" | "lost";

export interface Scenario {
  readonly runs: readonly Behaviour[];
  readonly bucket: MemoryBucket;
  /** Whether the runs share a server, whose lock admits only one of them. */
  readonly sharesLock: boolean;
  /** The index of the database's contents when the runs start. They change once, to the next ones. */
  readonly data: number;
  readonly faults: readonly Fault[];
  /** The most faults that a schedule can have. */
  readonly faultCount: number;
  /** Whether a run stages its files one after the other, instead of in every order of their requests. */
  readonly stagesInOrder: boolean;
}

/** How far a run has got. */
export interface Place {
  readonly moment: Moment;
  readonly life: "runs" | "dead" | "ended";
  /** The requests that were carried out and not answered; of a dead run, those that may still arrive. */
  readonly open: readonly string[];
  /** The fault that hit it. */
  readonly hitBy: Fault | undefined;
}

export interface State {
  readonly bucket: MemoryBucket;
  readonly data: number;
  readonly hasChanged: boolean;
  readonly lockedBy: number | undefined;
  readonly faultsLeft: number;
  readonly places: readonly Place[];
}

/** The checks, each of which throws if it fails. */
export interface Rules {
  /** After every step. */
  always(bucket: MemoryBucket): void;
  /** When a run has ended by itself. */
  atEnd(run: number, moment: Moment, bucket: MemoryBucket, hitBy: Fault | undefined): void;
  /** When all runs are over. */
  whenOver(state: State): Promise<void>;
}

/** The first schedule that breaks a rule. */
export class Broken extends Error {
  override readonly name = "Broken";
  constructor(
    readonly schedule: readonly Step[],
    cause: unknown,
  ) {
    const steps = schedule.map((step, index) => `${index + 1}. ${describeStep(step)}`);
    super(`${(cause as Error).message}\n${steps.join("\n")}`, { cause });
  }
}

/** One of this many steps of a walk may be a fault. */
const UNUSUAL = 20;

export class Explorer {
  /** By state, the number of schedules from there to an end. */
  readonly #explored = new Map<string, bigint>();
  readonly #buckets = new Map<string, { readonly id: number; readonly bucket: MemoryBucket }>();
  readonly #checked = new Set<MemoryBucket>();
  readonly #path: Step[] = [];

  constructor(
    private readonly scenario: Scenario,
    private readonly rules: Rules,
  ) {}

  get stateCount(): number {
    return this.#explored.size;
  }

  /** @returns the number of schedules. @throws Broken. */
  async explore(): Promise<bigint> {
    this.#path.length = 0;
    try {
      const start = await this.#start();
      return await this.#explore(start, this.#keyOf(start));
    } catch (error) {
      throw new Broken(this.#path, error);
    }
  }

  /** The state at the end of a schedule. */
  async follow(schedule: readonly Step[]): Promise<State> {
    let state = await this.#start();
    for (const step of schedule) state = await this.#take(state, step);
    return state;
  }

  /** A schedule to an end, whose steps the numbers choose. */
  async walk(choices: readonly number[]): Promise<readonly Step[]> {
    const schedule: Step[] = [];
    let state = await this.#start();
    for (const choice of choices) {
      const steps = stepsFrom(state, this.scenario);
      const usual = steps.filter(({ does }) => does === "answered" || does === "changes the data");
      const among = choice % UNUSUAL === 0 ? steps : usual;
      const step = among[Math.floor(choice / UNUSUAL) % among.length];
      if (step === undefined) break;
      schedule.push(step);
      state = await this.#take(state, step);
    }
    return schedule;
  }

  async #start(): Promise<State> {
    const { runs, bucket, data, faultCount: faultsLeft } = this.scenario;
    const moments = await Promise.all(runs.map((run) => run.start()));
    const places = moments.map((moment): Place => ({ moment, life: "runs", open: [], hitBy: undefined }));
    return { bucket: this.#same(bucket), data, hasChanged: false, lockedBy: undefined, faultsLeft, places };
  }

  async #explore(state: State, key: string): Promise<bigint> {
    if (!this.#checked.has(state.bucket)) this.rules.always(state.bucket);
    this.#checked.add(state.bucket);
    let count = 0n;
    if (isOver(state)) {
      count = 1n;
      await this.rules.whenOver(state);
    }
    for (const step of stepsFrom(state, this.scenario)) {
      this.#path.push(step);
      const taken = this.#take(state, step);
      const next = taken instanceof Promise ? await taken : taken;
      const nextKey = this.#keyOf(next);
      count += this.#explored.get(nextKey) ?? (await this.#explore(next, nextKey));
      this.#path.pop();
    }
    this.#explored.set(key, count);
    return count;
  }

  #take(state: State, step: Step): State | Promise<State> {
    if (step.does === "changes the data") return { ...state, hasChanged: true, data: state.data + 1 };
    const place = itemAt(state.places, step.run);
    const faultsLeft = state.faultsLeft - 1;
    if (step.does === "dies") {
      const open = this.scenario.sharesLock ? writesOf(place.moment) : [];
      return move(state, step.run, { ...place, life: "dead", open, hitBy: "dies" }, { faultsLeft });
    }
    const question = place.moment.questions.find(({ name }) => name === step.question);
    if (question === undefined) throw new RangeError(`run ${step.run} doesn't ask ${step.question}`);
    const isSecond = place.open.includes(question.name);
    const { reply, ...after } = this.#carryOut(state, step.run, question, isSecond);
    const open = place.open.filter((name) => name !== question.name);
    switch (step.does) {
      case "answered":
        return this.#reply(state, step.run, question, reply, place.hitBy, after);
      case "unanswered":
        return this.#reply(state, step.run, question, CONNECTION_LOST, step.does, { ...after, faultsLeft });
      case "lost":
        return this.#reply(state, step.run, question, CONNECTION_LOST, step.does, { faultsLeft });
      case "repeated": {
        const again = { ...place, open: [...open, question.name].sort(), hitBy: step.does };
        return move(state, step.run, again, { ...after, faultsLeft });
      }
      case "late":
        return move(state, step.run, { ...place, open }, after);
    }
  }

  #reply(
    state: State,
    run: number,
    { name }: Question,
    reply: Reply,
    hitBy: Fault | undefined,
    changed: Partial<State>,
  ): State | Promise<State> {
    const place = itemAt(state.places, run);
    const open = place.open.filter((each) => each !== name);
    const goOn = (moment: Moment): State => {
      const life = moment.end === undefined ? "runs" : "ended";
      const next = move(state, run, { moment, life, open, hitBy }, changed);
      if (life === "ended") this.rules.atEnd(run, moment, next.bucket, hitBy);
      return next;
    };
    const after = itemAt(this.scenario.runs, run).after(place.moment, name, reply);
    return after instanceof Promise ? after.then(goOn) : goOn(after);
  }

  #carryOut(
    { bucket, data, lockedBy }: State,
    run: number,
    { asked }: Question,
    isSecond: boolean,
  ): Pick<State, "bucket" | "lockedBy"> & { readonly reply: Reply } {
    const { sharesLock } = this.scenario;
    if (asked === "snapshot") return { bucket, lockedBy, reply: data };
    if (asked === "lock") {
      const isFree = !sharesLock || (lockedBy ?? run) === run;
      return { bucket, lockedBy: isFree && sharesLock ? run : lockedBy, reply: isFree };
    }
    const { bucket: after, answer } = bucket.carryOut(asked, isSecond ? 2 : 1);
    return { bucket: this.#same(after), lockedBy, reply: answer };
  }

  /** One object for all buckets that are equal. */
  #same(bucket: MemoryBucket): MemoryBucket {
    const known = this.#buckets.get(bucket.fingerprint);
    if (known !== undefined) return known.bucket;
    this.#buckets.set(bucket.fingerprint, { id: this.#buckets.size, bucket });
    return bucket;
  }

  #keyOf({ bucket, data, lockedBy, faultsLeft, places }: State): string {
    const id = this.#buckets.get(bucket.fingerprint)?.id ?? -1;
    let key = `${id} ${data} ${lockedBy ?? ""} ${faultsLeft}`;
    for (const { moment, life, open, hitBy } of places) {
      // For a run that is over, only its result and the requests that may still arrive matter.
      const isDone = life !== "runs" && open.length === 0;
      const where = isDone ? nameOf(moment.end?.failure) : moment.id;
      key += ` ${life} ${where} ${hitBy ?? ""} ${open.join()}`;
    }
    return key;
  }
}

/** All steps that can come next. */
function stepsFrom({ places, hasChanged, faultsLeft }: State, scenario: Scenario): Step[] {
  const steps: Step[] = [];
  const faults = faultsLeft > 0 ? scenario.faults : [];
  for (const [run, { moment, life, open }] of places.entries()) {
    if (life === "dead") steps.push(...open.map((question) => ({ run, does: "late" as const, question })));
    if (life !== "runs") continue;
    for (const question of scenario.stagesInOrder ? inOrder(moment.questions) : moment.questions) {
      for (const does of ["answered" as const, ...faults]) {
        if (does !== "dies" && canBe(does, question)) steps.push({ run, does, question: question.name });
      }
    }
    if (faults.includes("dies")) steps.push({ run, does: "dies" });
  }
  // A change matters only when a run is about to read the data.
  const isRead = places.some(({ life, moment }) => life === "runs" && asksForData(moment));
  if (!hasChanged && isRead) steps.push({ does: "changes the data" });
  return steps;
}

/** For a request that only reads, a repetition makes no difference, and `unanswered` is the same as `lost`. */
function canBe(fate: Exclude<Fault, "dies"> | "answered", { asked }: Question): boolean {
  if (fate === "answered") return true;
  if (fate === "lost") return typeof asked !== "string";
  return isWrite(asked);
}

/** The questions, with only the first of those that stage or abort a file. */
function inOrder(questions: readonly Question[]): readonly Question[] {
  const staging = questions.filter(({ asked }) => isStaging(asked));
  const [first] = staging.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return questions.filter((question) => question === first || !isStaging(question.asked));
}

function move(state: State, run: number, place: Place, changed: Partial<State>): State {
  const places = state.places.map((each, index) => (index === run ? place : each));
  const moved = { ...state, ...changed, places };
  // The lock ends with the connection.
  return place.life !== "runs" && moved.lockedBy === run ? { ...moved, lockedBy: undefined } : moved;
}

function nameOf(failure: unknown): string {
  return failure instanceof Error ? failure.name : "none";
}

function isOver({ places }: State): boolean {
  return places.every(({ life }) => life !== "runs");
}

function asksForData({ questions }: Moment): boolean {
  return questions.some(({ asked }) => asked === "snapshot");
}

function writesOf({ questions }: Moment): string[] {
  return questions.filter(({ asked }) => isWrite(asked)).map(({ name }) => name);
}

function isWrite(asked: Question["asked"]): boolean {
  return isNamed(asked, /^(Put|Create|Upload|Complete|Abort)/);
}

function isStaging(asked: Question["asked"]): boolean {
  return isNamed(asked, /^(Create|Upload|Abort)/);
}

function isNamed(asked: Question["asked"], pattern: RegExp): boolean {
  return typeof asked !== "string" && pattern.test(asked.constructor.name);
}

function keyOf({ asked }: Question): string {
  return ((asked as S3Command).input as { readonly Key?: string }).Key ?? "";
}

function itemAt<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no run ${index}`);
  return item;
}

function describeStep(step: Step): string {
  if (step.does === "changes the data") return "the data changes";
  const run = String.fromCharCode("A".charCodeAt(0) + step.run);
  return step.does === "dies" ? `${run} dies` : `${run}: ${step.question}: ${step.does}`;
}
