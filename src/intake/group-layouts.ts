/** The group's own layouts: a header, details and a trailer, delimited or as fixed-width records. */
import { type Column, scaleOf } from "../platform/columns";
import { delimited } from "../platform/format/delimited";
import type { FixedField } from "../platform/format/fixed-fields";
import { fixedWidth } from "../platform/format/fixed-width";
import type { RecordFormat } from "../platform/format/record";
import { defineLayout, type Identity, type Layout } from "./layout";

/** Where a field is: its first character, counted from 1, and its length. */
export type Place = Pick<FixedField, "at" | "length" | "signed">;

/** Where the fields of fixed-width records are. */
export interface FixedPlaces<Name extends string> {
  /** Characters of a record. */
  readonly width: number;
  readonly header: Readonly<Record<"feed" | "version" | "bank" | "business_time", Place>>;
  readonly detail: Readonly<Record<Name, Place>>;
  readonly trailer: Readonly<Record<"records" | "total", Place>>;
}

/** What the layouts follow from. */
export interface GroupFeed<Name extends string> {
  readonly name: string;
  readonly columns: readonly Column<Name>[];
  readonly controlTotal?: NoInfer<Name>;
  readonly fixedWidth?: FixedPlaces<NoInfer<Name>>;
}

const headerColumns: readonly Column<keyof FixedPlaces<string>["header"]>[] = [
  { name: "feed", type: "text(63)", meaning: "the feed's name" },
  { name: "version", type: "int32", meaning: "the version of the feed's format" },
  { name: "bank", type: "int32", meaning: "the bank's `idbank`" },
  { name: "business_time", type: "timestamp", meaning: "the instant to which the content is true" },
];

function trailerColumns(scale: number): Column<keyof FixedPlaces<string>["trailer"]>[] {
  return [
    { name: "records", type: "int64", meaning: "the number of details" },
    { name: "total", type: `decimal(38,${scale})`, meaning: "the control total" },
  ];
}

/** Delimited first; fixed-width as well if the feed has places for its fields. */
export function groupLayouts<Name extends string>(feed: GroupFeed<Name>): [Layout, ...Layout[]] {
  const { name, columns, controlTotal, fixedWidth: places } = feed;
  const controlled = columns.find((column) => column.name === controlTotal);
  const trailer = trailerColumns(controlled === undefined ? 0 : scaleOf(controlled.type));
  const layout = (format: RecordFormat<"header" | "detail" | "trailer">, feedName: FeedName) =>
    framed(format, feedName, controlTotal);
  const format = delimited({
    detail: { code: "D", columns },
    header: { code: "H", columns: headerColumns },
    trailer: { code: "T", columns: trailer },
  });
  const first = layout(format, ({ feed: feedName }) => feedName);
  if (places === undefined) return [first];
  const fixed = fixedWidth({
    width: places.width,
    codeAt: 1,
    types: {
      detail: { code: "D", fields: placed(columns, places.detail) },
      header: { code: `H${name.toUpperCase()}`, fields: placed(headerColumns, places.header) },
      trailer: { code: "T", fields: placed(trailer, places.trailer) },
    },
  });
  return [first, layout(fixed, ({ feed: feedName }) => feedName.toUpperCase())];
}

type FeedName = (identity: Identity) => string;

/** One header, any number of details, one trailer with their number and the sum of one column. */
function framed(
  format: RecordFormat<"header" | "detail" | "trailer">,
  feedName: FeedName,
  controlTotal: string | undefined,
): Layout {
  return defineLayout({
    format,
    order: ["header", { many: "detail" }, "trailer"],
    rows: "detail",
    claims: [
      { type: "header", column: "feed", of: "feed", written: feedName },
      { type: "header", column: "version", of: "version" },
      { type: "header", column: "bank", of: "bank" },
      { type: "header", column: "business_time", of: "businessTime" },
    ],
    controls: [
      {
        name: "number of details",
        over: { detail: null },
        statedBy: { type: "trailer", column: "records" },
      },
      {
        name: "control total",
        over: controlTotal === undefined ? {} : { detail: controlTotal },
        statedBy: { type: "trailer", column: "total" },
      },
    ],
  });
}

function placed<Name extends string>(
  columns: readonly Column<Name>[],
  places: Readonly<Record<Name, Place>>,
): FixedField[] {
  return columns.map((column) => ({ ...column, ...places[column.name] }));
}
