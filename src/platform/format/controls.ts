/**
 * The figures that a file states of itself: counts of its records and sums over them, in a trailer for the whole file or
 * in a record at the end of each part.
 */
import type { RecordFormat, RecordReader } from "./record";
import { UnitSum } from "./units";

/** A figure that a record states. */
export interface Control<Type extends string = string> {
  /** For messages: `the number of details`. */
  readonly name: string;
  /** The types of record that count, each with the column that is added up; null counts records. */
  readonly over: Readonly<Partial<Record<Type, string | null>>>;
  /** Of a type in `over`, only the records that have one of these values in the column count. */
  readonly where?: { readonly column: string; readonly isOneOf: readonly string[] };
  readonly statedBy: { readonly type: Type; readonly column: string };
  /** The figure begins again with each record of this type; without it, it is of the whole file. */
  readonly startsWith?: Type;
  /** Only the remainder of a division by this number is stated. */
  readonly modulo?: bigint;
}

/** A figure as a record states it, beside the one that was found. In units of the column's last digit. */
export interface Figure {
  readonly name: string;
  /** The column that states it. */
  readonly column: string;
  /** Undefined if the field can't be read. */
  readonly stated: bigint | undefined;
  /** Undefined if a field that counts can't be read. */
  readonly found: bigint | undefined;
}

interface CompiledControl {
  readonly name: string;
  readonly modulo: bigint | undefined;
  readonly column: string;
  readonly statedAt: number;
  readonly sum: UnitSum;
  isKnown: boolean;
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

/** Follows the records of one file. */
export class ControlFigures<Type extends string> {
  readonly #readers: Readonly<Record<Type, RecordReader>>;
  readonly #steps: Readonly<Record<Type, Steps>>;

  constructor({ readers }: RecordFormat<Type>, controls: readonly Control<Type>[]) {
    this.#readers = readers;
    const compiled = controls.map((control) => {
      const { name, modulo, statedBy } = control;
      const { column } = statedBy;
      const state = { name, column, statedAt: indexOf(readers[statedBy.type], column) };
      return { control, state: { ...state, modulo, sum: new UnitSum(), isKnown: true } };
    });
    const stepsOf = (type: Type): Steps => ({
      begins: compiled.filter(({ control }) => control.startsWith === type).map(({ state }) => state),
      adds: compiled.flatMap(({ control, state }) => addendOf(control, type, state, readers[type])),
      states: compiled.filter(({ control }) => control.statedBy.type === type).map(({ state }) => state),
    });
    this.#steps = Object.fromEntries(
      (Object.keys(readers) as Type[]).map((type) => [type, stepsOf(type)]),
    ) as Record<Type, Steps>;
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

  /** The figures that the record states which was followed last, of this type. */
  figures(type: Type): Figure[] {
    const reader = this.#readers[type];
    return this.#steps[type].states.map(({ name, column, statedAt, sum, isKnown, modulo }) => {
      const stated = reader.units(statedAt);
      const found = modulo === undefined ? sum.total : sum.total % modulo;
      return {
        ...{ name, column },
        stated: stated === undefined ? undefined : BigInt(stated),
        found: isKnown ? found : undefined,
      };
    });
  }
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
