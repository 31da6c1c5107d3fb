/** The order in which types of record come in a file, which is checked one record at a time. */

/** A record of a type; parts one after the other; a part any number of times, or once at most; one of several parts. */
export type Order<Type extends string> =
  | Type
  | readonly Order<Type>[]
  | { readonly many: Order<Type> }
  | { readonly optional: Order<Type> }
  | { readonly oneOf: readonly Order<Type>[] };

/** A part of an order: the places at which it may begin and end, and whether a file may do without it. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
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
    this.#ends = new Set(whole.last);
    const firstTypes = this.expectedAt(0);
    const end = this.#types[Math.min(...whole.last) - 1];
    if (firstTypes.length !== 1 || firstTypes[0] === undefined || whole.isOptional || end === undefined) {
      throw new Error("a file must begin with a record of one type, by which its layout is known");
    }
    this.first = firstTypes[0];
    this.end = end;
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

  #compile(order: Order<Type>): Part {
    if (typeof order === "string") {
      const place = this.#types.push(order);
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

  #chain(before: Part, after: Part): void {
    for (const from of before.last) for (const to of after.first) this.#follow(from, to);
  }

  #follow(from: number, to: number): void {
    const type = this.#types[to - 1];
    const known = type === undefined ? undefined : this.#next[from]?.get(type);
    if (type === undefined || (known !== undefined && known !== to)) {
      throw new Error(`the order doesn't say which of its parts a record ${type ?? ""} belongs to`);
    }
    this.#next[from]?.set(type, to);
  }
}
