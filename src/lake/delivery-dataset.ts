/** A dataset that is made of the deliveries that intake has accepted: a row for each record of each delivery. */
import type { Column } from "../platform/columns";
import type { Dataset } from "./dataset";

/** It has the name of the feed. */
export interface DeliveryDataset<Name extends string = string> extends Dataset<Name> {
  /** The columns of the files in intake's `stage/`, in order: those of the feed. */
  readonly fileColumns: readonly Column[];
}

/** The dataset's own columns. They come first, because the feed may get new columns at its end. */
const ownColumns = [
  {
    name: "business_time",
    type: "timestamp",
    meaning: "the instant to which the delivery's content is true; the newest record of a key counts",
  },
  {
    name: "load_number",
    type: "int64",
    meaning: "goes up with each delivery that is loaded, and decides between equal times",
  },
] as const satisfies readonly Column[];

/** The name of the control total that the delivery's trailer states. */
export const CONTROL_TOTAL = "controlTotal";

interface Options<Name extends string> {
  /** The feed's name. */
  readonly name: string;
  /** All columns of the feed, in order. */
  readonly columns: readonly Column<Name>[];
  /** Columns that are left out, because personal data must expire, and the lake keeps what it has. */
  readonly personal?: readonly NoInfer<Name>[];
  /** The column that the trailer's control total adds up. */
  readonly controlTotal?: NoInfer<Name>;
}

/** Checks at compile time that `personal` and `controlTotal` refer to columns of the feed. */
export function defineDeliveryDataset<const Name extends string>(options: Options<Name>): DeliveryDataset {
  const { name, columns, personal = [], controlTotal } = options;
  return {
    name,
    fileColumns: columns,
    columns: [...ownColumns, ...columns.filter((column) => !personal.includes(column.name))],
    totals: controlTotal === undefined ? [] : [{ name: CONTROL_TOTAL, column: controlTotal }],
  };
}
