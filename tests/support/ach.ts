/**
 * A public format of banks: a file of payments with fixed-width records of several types, in batches with counts, sums and
 * a hash of their own, and the same for the whole file. Source: the ACH file format of Nacha. Names and numbers are
 * placeholders.
 */
import type { ColumnType } from "../../src/platform/columns";
import type { Control } from "../../src/platform/format/controls";
import type { FixedField } from "../../src/platform/format/fixed-fields";
import { fixedWidth } from "../../src/platform/format/fixed-width";

const field = <const Name extends string>(
  name: Name,
  at: number,
  length: number,
  type: ColumnType = `text(${length})`,
) => ({ name, at, length, type, meaning: name }) satisfies FixedField;

const optional = (name: string, at: number, length: number): FixedField => ({
  ...field(name, at, length),
  nullable: true,
});

const totals = (at: number) => [
  field("hash", at, 10, "int64"),
  field("debits", at + 10, 12, "decimal(12,2)"),
  field("credits", at + 22, 12, "decimal(12,2)"),
];

/** The fields that payments are loaded with: those of an entry, then those of its batch. */
export const entryFields = {
  trace: field("trace", 80, 15, "int64"),
  code: field("code", 2, 2, "int32"),
  /** The receiving bank: its routing number without the check digit. */
  receiver: field("receiver", 4, 8, "int32"),
  account: field("account", 13, 17),
  amount: field("amount", 30, 10, "decimal(10,2)"),
};
export const batchFields = {
  company: field("company", 5, 16),
  effective: field("effective", 70, 6, "date"),
};

export const achFormat = fixedWidth({
  width: 94,
  codeAt: 1,
  types: {
    fileHeader: {
      code: "1",
      fields: [
        ...[field("priority", 2, 2, "int32"), field("destination", 4, 10), field("origin", 14, 10)],
        ...[field("created", 24, 6, "date"), optional("createdAt", 30, 4), field("modifier", 34, 1)],
        ...[field("sizes", 35, 6, "int32"), optional("destinationName", 41, 23)],
        ...[optional("originName", 64, 23), optional("reference", 87, 8)],
      ],
    },
    batchHeader: {
      code: "5",
      fields: [
        ...[field("serviceClass", 2, 3, "int32"), ...Object.values(batchFields)],
        ...[optional("discretionary", 21, 20), field("companyId", 41, 10), field("entryClass", 51, 3)],
        ...[field("description", 54, 10), optional("descriptiveDate", 64, 6), optional("settled", 76, 3)],
        ...[field("status", 79, 1), field("originator", 80, 8, "int32"), field("batch", 88, 7, "int32")],
      ],
    },
    entry: {
      code: "6",
      fields: [
        ...[...Object.values(entryFields), field("checkDigit", 12, 1), optional("id", 40, 15)],
        ...[field("name", 55, 22), optional("discretionary", 77, 2), field("hasAddenda", 79, 1, "int32")],
      ],
    },
    addendum: {
      code: "7",
      fields: [
        ...[field("kind", 2, 2), optional("information", 4, 80)],
        ...[field("sequence", 84, 4, "int32"), field("entrySequence", 88, 7, "int32")],
      ],
    },
    batchControl: {
      code: "8",
      fields: [
        ...[field("serviceClass", 2, 3, "int32"), field("records", 5, 6, "int32"), ...totals(11)],
        ...[field("companyId", 45, 10), optional("authentication", 55, 19)],
        ...[field("originator", 80, 8, "int32"), field("batch", 88, 7, "int32")],
      ],
    },
    fileControl: {
      code: "9",
      fields: [
        ...[
          field("batches", 2, 6, "int32"),
          field("blocks", 8, 6, "int32"),
          field("records", 14, 8, "int32"),
        ],
        ...totals(22),
      ],
    },
    /** Fills the last block of ten records. */
    filler: { code: "9".repeat(94), fields: [] },
  },
});

type Type = keyof typeof achFormat.readers;

const debits = { column: "code", isOneOf: ["27", "37"] };
const credits = { column: "code", isOneOf: ["22", "32"] };

/** Of a batch or of the file. */
function totalsIn(type: "batchControl" | "fileControl", startsWith?: Type): Control<Type>[] {
  const part = startsWith === undefined ? {} : { startsWith };
  const stated = (column: string) => ({ statedBy: { type, column }, ...part });
  return [
    { name: "number of entries and addenda", over: { entry: null, addendum: null }, ...stated("records") },
    { name: "hash", over: { entry: "receiver" }, modulo: 10n ** 10n, ...stated("hash") },
    { name: "sum of debits", over: { entry: "amount" }, where: debits, ...stated("debits") },
    { name: "sum of credits", over: { entry: "amount" }, where: credits, ...stated("credits") },
  ];
}

/** A field of a batch's control that repeats its header's. */
const repeated = (name: string, column: string): Control<Type> => ({
  ...{ name, over: { batchHeader: column }, startsWith: "batchHeader" },
  statedBy: { type: "batchControl", column },
});

export const achControls: readonly Control<Type>[] = [
  ...totalsIn("batchControl", "batchHeader"),
  ...[repeated("service class", "serviceClass"), repeated("originator", "originator")],
  repeated("number", "batch"),
  { name: "number", over: { batchHeader: null }, statedBy: { type: "batchHeader", column: "batch" } },
  {
    ...{ name: "number behind its entry", over: { addendum: null }, startsWith: "entry" },
    statedBy: { type: "addendum", column: "sequence" },
  },
  {
    ...{ name: "entry", over: { entry: "trace" }, modulo: 10n ** 7n, startsWith: "entry" },
    statedBy: { type: "addendum", column: "entrySequence" },
  },
  {
    ...{ name: "number of batches", over: { batchHeader: null } },
    statedBy: { type: "fileControl", column: "batches" },
  },
  ...totalsIn("fileControl"),
  {
    name: "number of records in blocks of ten",
    over: {
      ...{ fileHeader: null, batchHeader: null, entry: null, addendum: null, batchControl: null },
      ...{ fileControl: null, filler: null },
    },
    statedBy: { type: "fileControl", column: "blocks" },
    ...{ per: 10n, untilEnd: true },
  },
];

export interface AchEntry {
  /** 22 and 32 are credits, 27 and 37 debits. */
  readonly code: 22 | 27 | 32 | 37;
  readonly receiver: number;
  readonly cents: number;
  readonly remarks?: readonly string[];
}

export interface AchBatch {
  readonly company: string;
  /** `260930`. */
  readonly effective: string;
  readonly entries: readonly AchEntry[];
}

const ORIGINATOR = 99;
const traceOf = (sequence: number) => ORIGINATOR * 10 ** 7 + sequence;
export const FILLER = "9".repeat(94);
const zeros = (value: number, length: number) => String(value).padStart(length, "0");
const blanks = (text: string, length: number) => text.padEnd(length);

function figuresOf(entries: readonly AchEntry[]): string {
  const sum = (codes: readonly number[]) =>
    entries.filter(({ code }) => codes.includes(code)).reduce((total, { cents }) => total + cents, 0);
  const hash = entries.reduce((total, { receiver }) => total + receiver, 0) % 10 ** 10;
  return `${zeros(hash, 10)}${zeros(sum([27, 37]), 12)}${zeros(sum([22, 32]), 12)}`;
}

function recordsOf(entries: readonly AchEntry[]): number {
  return entries.reduce((count, { remarks = [] }) => count + 1 + remarks.length, 0);
}

/** The file's lines, with all the figures that belong to it. @param destination the receiving bank's routing number. */
export function achLines(batches: readonly AchBatch[], destination: string, created = "260930"): string[] {
  const header = `101 ${destination}${blanks(" 000000990", 10)}${created}2200A094101${blanks("BANK", 23)}${blanks("COMPANY", 23)}${blanks("", 8)}`;
  let sequence = 0;
  const body = batches.flatMap(({ company, effective, entries }, at) => {
    const batch = `${zeros(ORIGINATOR, 8)}${zeros(at + 1, 7)}`;
    const head = `5200${blanks(company, 16)}${blanks("", 20)}0000000003PPD${blanks("SALARY", 10)}${blanks("", 6)}${effective}   1${batch}`;
    const records = entries.flatMap(({ code, receiver, cents, remarks = [] }) => {
      sequence += 1;
      const entry = `6${code}${zeros(receiver, 8)}0${blanks(`ACCOUNT ${sequence}`, 17)}${zeros(cents, 10)}${blanks("", 15)}${blanks("PERSON", 22)}  ${remarks.length > 0 ? 1 : 0}${zeros(traceOf(sequence), 15)}`;
      const addenda = remarks.map(
        (remark, place) => `705${blanks(remark, 80)}${zeros(place + 1, 4)}${zeros(sequence, 7)}`,
      );
      return [entry, ...addenda];
    });
    const control = `8200${zeros(recordsOf(entries), 6)}${figuresOf(entries)}0000000003${blanks("", 25)}${batch}`;
    return [head, ...records, control];
  });
  const all = batches.flatMap(({ entries }) => entries);
  const blocks = Math.ceil((body.length + 2) / 10);
  const control = `9${zeros(batches.length, 6)}${zeros(blocks, 6)}${zeros(recordsOf(all), 8)}${figuresOf(all)}${blanks("", 39)}`;
  const filler = Array<string>(10 * blocks - body.length - 2).fill(FILLER);
  return [header, ...body, control, ...filler];
}
