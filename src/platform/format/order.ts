/** The order in which types of record come in a file, which is checked one record at a time. */

/** A record of a type; parts one after the other; a part any number of times, or once at most; one of several parts. */
export type Order<Type extends string> =
  | Type
  | readonly Order<Type>[]
  | { readonly many: Order<Type> }
  | { readonly optional: Order<Type> }
  | { readonly oneOf: readonly Order<Type>[] };

/** A mention of a type in an order, by its number, from 1. */
interface Place<Type extends string> {
  readonly number: number;
  readonly type: Type;
}

/** A part of an order: the places at which it may begin and end, in order, and whether a file may do without it. */
interface Part<Type extends string> {
  readonly first: readonly Place<Type>[];
  readonly last: readonly Place<Type>[];
  readonly isOptional: boolean;
}

/**
 * An order as an automaton. Each mention of a type is a place, and the record that is read is at one of them. The
 * construction is Glushkov's.
 */
export class RecordOrder<Type extends string = string> {
  /** By place, the types that may come next, each with its place. Place 0 is before the first record. */
  readonly #next: Map<Type, number>[] = [new Map<Type, number>()];
  readonly #types: Type[] = [];
  readonly #ends: ReadonlySet<number>;
  /** The type of a file's first record. */
  readonly first: Type;
  /** The type of the record that makes a file complete. */
  readonly end: Type;

  /** @throws Error unless the records' types alone decide where each of them is. */
  constructor(order: Order<Type>) {
    const whole = this.#compile(order);
    for (const place of whole.first) this.#follow(0, place);
    this.#ends = new Set(whole.last.map(({ number }) => number));
    const [first, ...others] = this.expectedAt(0);
    const [end] = whole.last;
    if (first === undefined || end === undefined || others.length > 0 || whole.isOptional) {
      throw new Error("a file must begin with a record of one type, by which its layout is known");
    }
    this.first = first;
    this.end = end.type;
  }

  /** @returns the place of a record of this type behind the one at `place`; undefined if it may not be there. */
  next(place: number, type: Type): number | undefined {
    return this.#next[place]?.get(type);
  }

  /** The types of which the next record may be. */
  expectedAt(place: number): Type[] {
    return [...(this.#next[place]?.keys() ?? [])];
  }

  mayEndAt(place: number): boolean {
    return this.#ends.has(place);
  }

  /** Where a record of this type is first mentioned: where to go on behind one that is out of order. */
  placeOf(type: Type): number {
    return this.#types.indexOf(type) + 1;
  }

  #compile(order: Order<Type>): Part<Type> {
    if (typeof order === "string") {
      const place = { number: this.#types.push(order), type: order };
      this.#next.push(new Map());
      return { first: [place], last: [place], isOptional: false };
    }
    if ("many" in order) {
      const part = this.#compile(order.many);
      this.#chain(part, part);
      return { ...part, isOptional: true };
    }
    if ("optional" in order) return { ...this.#compile(order.optional), isOptional: true };
    if ("oneOf" in order) {
      const parts = order.oneOf.map((each) => this.#compile(each));
      return {
        first: parts.flatMap(({ first }) => first),
        last: parts.flatMap(({ last }) => last),
        isOptional: parts.some(({ isOptional }) => isOptional),
      };
    }
    return order
      .map((each) => this.#compile(each))
      .reduce((before, after) => {
        this.#chain(before, after);
        return {
          first: before.isOptional ? [...before.first, ...after.first] : before.first,
          last: after.isOptional ? [...before.last, ...after.last] : after.last,
          isOptional: before.isOptional && after.isOptional,
        };
      });
  }

  #chain(before: Part<Type>, after: Part<Type>): void {
    for (const from of before.last) for (const to of after.first) this.#follow(from.number, to);
  }

  #follow(from: number, { number, type }: Place<Type>): void {
    const known = this.next(from, type) ?? number;
    if (known !== number) {
      throw new Error(`the order doesn't say which of its parts a record ${type} belongs to`);
    }
    this.#next[from]?.set(type, number);
  }
}
