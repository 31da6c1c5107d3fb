/**
 * The figures that a file states of itself: counts of its records, sums over them and hashes, in a trailer for the whole
 * file or in a record at the end of each part.
 */
import { scaleOf } from "../columns";
import type { RecordFormat, RecordReader } from "./record";
import { UnitSum, unitsText } from "./units";

/** A figure that a record states. */
export interface Control<Type extends string = string> {
  /** For messages: `the number of details`. */
  readonly name: string;
  /** The types of record that count, each with the column that is added up; null counts records. */
  readonly over: Readonly<Partial<Record<Type, string | null>>>;
  /** Of the types in `over`, only the records that have one of these values in the column count. */
  readonly where?: { readonly column: string; readonly isOneOf: readonly string[] };
  readonly statedBy: { readonly type: Type; readonly column: string };
  /** The figure begins again with each record of this type; without it, it is of the whole file. */
  readonly startsWith?: Type;
  /** Only the remainder of a division by this number is stated. */
  readonly modulo?: bigint;
  /** What is stated is a number of these: 10 for the number of blocks of ten records. */
  readonly per?: bigint;
  /** Records behind the one that states the figure count as well: it is compared at the file's end. */
  readonly untilEnd?: true;
}

/** A figure as a record states it, beside the one that was found. As PostgreSQL writes numbers of the stated column's type. */
export interface Figure {
  readonly name: string;
  /** The column that states it. */
  readonly column: string;
  readonly stated: string;
  /** Undefined if a field that counts can't be read. */
  readonly found: string | undefined;
}

interface CompiledControl {
  readonly name: string;
  readonly column: string;
  readonly statedAt: number;
  readonly scale: number;
  readonly modulo: bigint | undefined;
  readonly per: bigint;
  readonly untilEnd: boolean;
  readonly sum: UnitSum;
  isKnown: boolean;
  /** What the last record that states it has, in units. */
  stated: bigint | undefined;
}

interface Addend {
  readonly to: CompiledControl;
  /** Undefined counts records. */
  readonly column: number | undefined;
  readonly where: { readonly column: number; readonly isOneOf: ReadonlySet<string> } | undefined;
}

/** What a record of one type does to the figures. */
interface Steps {
  readonly begins: readonly CompiledControl[];
  readonly adds: readonly Addend[];
  readonly states: readonly CompiledControl[];
}

const NO_FIGURES: readonly Figure[] = [];

/** Follows the records of one file. */
export class ControlFigures<Type extends string = string> {
  readonly #readers: Readonly<Record<Type, RecordReader>>;
  readonly #steps: Readonly<Record<Type, Steps>>;
  readonly #comparedAtEnd: readonly CompiledControl[];

  /** @throws Error if a control names a column that its record doesn't have, or adds up other units than it states. */
  constructor({ readers }: RecordFormat<Type>, controls: readonly Control<Type>[]) {
    this.#readers = readers;
    const compiled = controls.map((control) => ({ control, state: compile(control, readers) }));
    const stepsOf = (type: Type): Steps => ({
      begins: compiled.filter(({ control }) => control.startsWith === type).map(({ state }) => state),
      adds: compiled.flatMap(({ control, state }) => addendOf(control, type, state, readers[type])),
      states: compiled.filter(({ control }) => control.statedBy.type === type).map(({ state }) => state),
    });
    this.#steps = Object.fromEntries(
      (Object.keys(readers) as Type[]).map((type) => [type, stepsOf(type)]),
    ) as Record<Type, Steps>;
    this.#comparedAtEnd = compiled.map(({ state }) => state).filter(({ untilEnd }) => untilEnd);
  }

  /** Takes in the record of this type that the format's reader read last, right or wrong. */
  follow(type: Type, isRight: boolean): void {
    const { begins, adds } = this.#steps[type];
    const reader = this.#readers[type];
    for (const control of begins) {
      control.sum.reset();
      control.isKnown = true;
    }
    for (const { to, column, where } of adds) {
      if (where !== undefined) {
        if (!isRight) to.isKnown = false;
        if (!isRight || !where.isOneOf.has(reader.text(where.column) ?? "")) continue;
      }
      const units = column === undefined ? 1 : reader.units(column);
      if (units === undefined) to.isKnown = false;
      else to.sum.add(units);
    }
  }

  /** The figures that the record states which was followed last, of this type, and which is right. */
  figures(type: Type): readonly Figure[] {
    const { states } = this.#steps[type];
    // Of most records of a file, which are details.
    if (states.length === 0) return NO_FIGURES;
    for (const control of states) control.stated = BigInt(this.#readers[type].units(control.statedAt) ?? 0);
    return states.filter(({ untilEnd }) => !untilEnd).map(figureOf);
  }

  /** The figures over records up to the file's end, when all of them were followed. */
  figuresAtEnd(): readonly Figure[] {
    return this.#comparedAtEnd.filter(({ stated }) => stated !== undefined).map(figureOf);
  }
}

function figureOf({ name, column, scale, sum, isKnown, modulo, per, stated = 0n }: CompiledControl): Figure {
  const found = modulo === undefined ? sum.total : sum.total % modulo;
  return {
    ...{ name, column },
    stated: unitsText(stated * per, scale),
    found: isKnown ? unitsText(found, scale) : undefined,
  };
}

function compile<Type extends string>(
  { name, over, statedBy, modulo, per = 1n, untilEnd }: Control<Type>,
  readers: Readonly<Record<Type, RecordReader>>,
): CompiledControl {
  const { column } = statedBy;
  const statedAt = indexOf(readers[statedBy.type], column);
  const scale = scaleAt(readers[statedBy.type], statedAt);
  for (const [type, added] of Object.entries(over) as [Type, string | null][]) {
    if (scale !== (added === null ? 0 : scaleAt(readers[type], indexOf(readers[type], added)))) {
      throw new Error(`the ${name} is stated with other decimals than it has`);
    }
  }
  return {
    ...{ name, column, statedAt, scale, modulo, per, untilEnd: untilEnd === true },
    ...{ sum: new UnitSum(), isKnown: true, stated: undefined },
  };
}

function addendOf<Type extends string>(
  { over, where }: Control<Type>,
  type: Type,
  to: CompiledControl,
  reader: RecordReader,
): Addend[] {
  const column: string | null | undefined = over[type];
  if (column === undefined) return [];
  const filter = where && { column: indexOf(reader, where.column), isOneOf: new Set(where.isOneOf) };
  return [{ to, column: column === null ? undefined : indexOf(reader, column), where: filter }];
}

function indexOf({ columns }: RecordReader, name: string): number {
  const index = columns.findIndex((column) => column.name === name);
  if (index < 0) throw new Error(`a control figure needs the column ${name}, which its record doesn't have`);
  return index;
}

function scaleAt({ columns }: RecordReader, index: number): number {
  return scaleOf(columns[index]?.type ?? "int64");
}
