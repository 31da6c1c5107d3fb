/**
 * The statements that follow from a feed's definition. The names in them are the definition's, which are plain
 * identifiers; values are bound. The statements that are the same for every feed are files in `sql/intake/`.
 */
import type { ColumnType } from "../platform/columns";
import { copyOptions } from "../platform/format/copy-writer";
import { type Statement, statementOf } from "../platform/statement";
import { type CheckStatement, checkStatements } from "./check-statements";
import type { Feed } from "./feed";

export interface FeedStatements {
  /** Creates the temporary table with the records that are right so far. */
  readonly create: Statement;
  readonly copy: Statement;
  readonly checks: readonly CheckStatement[];
  /** Counts the records in the temporary table and adds up the column of the control total. */
  readonly totals: Statement;
  /** Writes what is new or differs; returns how many rows of each kind there are and how many were written. */
  readonly load: Statement;
}

export function feedStatements(feed: Feed): FeedStatements {
  return {
    create: create(feed),
    copy: copy(feed),
    checks: checkStatements(feed),
    totals: totals(feed),
    load: load(feed),
  };
}

function sqlType(type: ColumnType): string {
  if (type === "int32") return "integer";
  if (type === "int64") return "bigint";
  if (type === "timestamp") return "timestamp with time zone";
  return type.replace("text(", "varchar(");
}

function create({ name, columns }: Feed): Statement {
  const lines = columns.map((column) => `    ${column.name} ${sqlType(column.type)}`);
  return statementOf(
    `${name}: create delivered`,
    `create temporary table delivered (\n    line bigint,\n${lines.join(",\n")}\n) on commit drop`,
  );
}

function copy({ name, columns }: Feed): Statement {
  const names = columns.map((column) => column.name).join(", ");
  return statementOf(
    `${name}: copy delivered`,
    `copy pg_temp.delivered (line, ${names}) from stdin with ${copyOptions}`,
  );
}

function totals({ name, controlTotal }: Feed): Statement {
  const total = controlTotal === undefined ? "0" : `coalesce(sum(${controlTotal}), 0)`;
  return statementOf(`${name}: totals`, `select count(*), ${total} from pg_temp.delivered`);
}

/**
 * New rows are inserted, rows that differ are updated, unless the database has something newer. A row that another
 * transaction inserts meanwhile is left alone: the counts then differ. An origin is written for rows that are the same,
 * too, if this delivery is newer: an older one that comes later must not change them.
 */
function load({ name, table, key, columns }: Feed): Statement {
  const names = columns.map((column) => column.name);
  const others = names.filter((each) => each !== key);
  const list = (prefix: string) => others.map((each) => `${prefix}.${each}`).join(", ");
  return statementOf(
    `${name}: load`,
    `with classified as (
    select
        delivered.*,
        row_origin.business_time as origin_time,
        case
            when existing.${key} is null then 'inserted'
            when row_origin.business_time > $1::timestamptz then 'stale'
            when (${list("existing")}) is not distinct from (${list("delivered")}) then 'same'
            else 'updated'
        end as kind
    from pg_temp.delivered
    left join ${table} as existing on existing.${key} = delivered.${key}
    left join intake.row_origin on row_origin.feed = '${name}' and row_origin.key = delivered.${key}
),

inserted as (
    insert into ${table} (${names.join(", ")})
    select ${names.join(", ")} from classified
    where kind = 'inserted'
    order by ${key}
    on conflict (${key}) do nothing
    returning 1
),

updated as (
    update ${table} as existing
    set ${others.map((each) => `${each} = classified.${each}`).join(", ")}
    from classified
    where classified.kind = 'updated' and existing.${key} = classified.${key}
    returning 1
),

origins as (
    insert into intake.row_origin (feed, key, business_time, delivery)
    select '${name}', ${key}, $1::timestamptz, $2::bigint from classified
    where
        kind in ('inserted', 'updated')
        or kind = 'same' and coalesce(origin_time < $1::timestamptz, true)
    order by ${key}
    on conflict (feed, key) do update
    set business_time = excluded.business_time, delivery = excluded.delivery
)

select
    count(*) filter (where kind = 'inserted') as inserted,
    count(*) filter (where kind = 'updated') as updated,
    count(*) filter (where kind = 'same') as same,
    count(*) filter (where kind = 'stale') as stale,
    (select count(*) from inserted) as written_new,
    (select count(*) from updated) as written_changed
from classified`,
  );
}
