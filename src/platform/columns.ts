/**
 * Typed columns: the one description of a table's columns, from which statements are checked, files are written and
 * catalogs and documents are held to account.
 */
import { DefinitionError } from "./errors";

/**
 * `decimal(p,s)` has at most p digits, s of them behind the point; `text(n)` at most n characters. `timestamp` is an
 * instant in UTC.
 */
export type ColumnType =
  "int32" | "int64" | `decimal(${number},${number})` | "date" | "timestamp" | `text(${number})`;

export interface Column<Name extends string = string> {
  readonly name: Name;
  readonly type: ColumnType;
  /** Whether a row may have no value, which CSV writes as an empty field. */
  readonly nullable?: true;
  /** What a value means, for consumers: one sentence without a full stop. */
  readonly meaning: string;
}

/** A column of a statement's result, as PostgreSQL describes it. */
export interface ResultColumn {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

/**
 * Compares a statement's result with its definition.
 *
 * @throws DefinitionError that shows both sides where they differ.
 */
export function expectColumns(
  statement: string,
  result: readonly ResultColumn[],
  columns: readonly Column[],
): void {
  const count = Math.max(result.length, columns.length);
  const differences = Array.from({ length: count }, (_, at) => differenceAt(at, result[at], columns[at]));
  const problems = differences.filter((difference) => difference !== undefined);
  if (problems.length === 0) return;
  throw new DefinitionError(
    `${statement} doesn't return the columns of its definition: ${problems.join("; ")}`,
    {
      hint: "Correct the statement or the definition; the data in the database is not the cause. Nothing was written.",
    },
  );
}

function differenceAt(
  at: number,
  found: ResultColumn | undefined,
  defined: Column | undefined,
): string | undefined {
  const actual = found === undefined ? "nothing" : `${found.name} ${describeType(found)}`;
  const expected = defined === undefined ? "nothing" : `${defined.name} ${defined.type}`;
  if (
    found?.name === defined?.name &&
    found !== undefined &&
    defined !== undefined &&
    isOfType(found, defined)
  )
    return undefined;
  return `column ${at + 1} is ${actual}, the definition says ${expected}`;
}

/** PostgreSQL's object identifiers of its built-in types. Source: PostgreSQL's `pg_type.dat`. */
const INT4 = 23;
const INT8 = 20;
const NUMERIC = 1700;
const VARCHAR = 1043;
const DATE = 1082;
const TIMESTAMPTZ = 1184;

/** A type modifier counts the four bytes of a header. Source: PostgreSQL's `numeric.c` and `varchar.c`. */
const MODIFIER_HEADER = 4;

/** A text may be shorter than the definition allows, never longer; every other type is exactly the one defined. */
function isOfType(found: ResultColumn, { type }: Column): boolean {
  if (!type.startsWith("text(")) return describeType(found) === type;
  return found.dataTypeID === VARCHAR && found.dataTypeModifier >= 0 && lengthOf(found) <= typeSize(type);
}

/** In the words of {@link ColumnType} where it has one. */
function describeType(column: ResultColumn): string {
  const { dataTypeID, dataTypeModifier } = column;
  switch (dataTypeID) {
    case INT4:
      return "int32";
    case INT8:
      return "int64";
    case DATE:
      return "date";
    case TIMESTAMPTZ:
      return "timestamp";
    case NUMERIC: {
      if (dataTypeModifier < 0) return "numeric without precision";
      const digits = dataTypeModifier - MODIFIER_HEADER;
      return `decimal(${digits >> 16},${digits & 0x7ff})`;
    }
    case VARCHAR:
      return dataTypeModifier < 0 ? "varchar without length" : `text(${lengthOf(column)})`;
    default:
      return `of the PostgreSQL type ${dataTypeID}`;
  }
}

function lengthOf({ dataTypeModifier }: ResultColumn): number {
  return dataTypeModifier - MODIFIER_HEADER;
}

/** The first number of a type: the characters of a text, the digits of a decimal. NaN for other types. */
export function typeSize(type: ColumnType): number {
  return Number(/^\w+\((\d+)[,)]/.exec(type)?.[1]);
}

/** A column type taken apart. */
export type TypeParts =
  | { readonly kind: "int32" | "int64" | "date" | "timestamp" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "text"; readonly length: number };

/** @throws DefinitionError if the type is not a {@link ColumnType}, or a decimal has more decimals than digits. */
export function typeParts(type: ColumnType): TypeParts {
  if (type === "int32" || type === "int64" || type === "date" || type === "timestamp") return { kind: type };
  const [, kind, first, scale] = /^(?:(text)|decimal)\(([1-9]\d*)(?:,(\d+))?\)$/.exec(type) ?? [];
  if (kind === "text" && scale === undefined) return { kind, length: Number(first) };
  const precision = Number(first);
  if (kind === undefined && scale !== undefined && Number(scale) <= precision)
    return { kind: "decimal", precision, scale: Number(scale) };
  throw new DefinitionError(`${type} is not a column type`, {
    hint: "Use int32, int64, decimal(p,s), date, timestamp or text(n).",
  });
}

/** How many digits a type has behind the point: those of a decimal, 0 for whole numbers. */
export function scaleOf(type: ColumnType): number {
  return Number(/^decimal\(\d+,(\d+)\)$/.exec(type)?.[1] ?? 0);
}
