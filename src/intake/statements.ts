/**
 * The statements that follow from a feed's definition. The names in them are the definition's, which are plain
 * identifiers; values are bound. The statements that are the same for every feed are files in `sql/intake/`.
 */
import type { ColumnType } from "../platform/columns";
import { copyOptions } from "../platform/format/copy-writer";
import { type Statement, statementOf } from "../platform/statement";
import type { Feed, OwnedTable, Reference } from "./feed";

/** Why a record is wrong that only the database can find out. */
export type DatabaseProblem = "twice" | "missing" | "other-bank" | "key-of-other-bank" | "taken";

export interface FeedStatements {
  /** Creates the temporary table with the records that are right so far. */
  readonly create: Statement;
  readonly copy: Statement;
  /** Each finds wrong records: it adds line, column and problem to the temporary table `wrong`. */
  readonly checks: readonly CheckStatement[];
  /** Counts the records in the temporary table and adds up the column of the control total. */
  readonly totals: Statement;
  /** Writes what is new or differs; returns how many rows of each kind there are and how many were written. */
  readonly load: Statement;
}

export type Parameter = "bank" | "businessTime" | "wrongKeys" | "wrongLines";

export interface CheckStatement {
  readonly statement: Statement;
  /** Which of the values the statement has as its parameters. */
  readonly parameters: readonly Parameter[];
}

export function feedStatements(feed: Feed): FeedStatements {
  return {
    create: create(feed),
    copy: copy(feed),
    checks: [
      twice(feed),
      ...feed.references.map((reference) => references(feed, reference)),
      keyOfOtherBank(feed),
      ...(feed.unique === undefined ? [] : [taken(feed, feed.unique)]),
    ],
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

/** A key twice: which of the records is right isn't known, so all of them are wrong. */
function twice({ name, key }: Feed): CheckStatement {
  return {
    parameters: ["wrongKeys", "wrongLines"],
    statement: statementOf(
      `${name}: key twice`,
      `with every_key as (
    select ${key} as key, line from pg_temp.delivered
    union all
    select * from unnest($1::bigint[], $2::bigint[])
),

repeated as (
    select key, min(line) as first_line, max(line) as last_line
    from every_key
    group by key
    having count(*) > 1
)

insert into pg_temp.wrong (line, column_name, problem, other_line)
select
    delivered.line,
    '${key}',
    'twice',
    case when delivered.line = first_line then last_line else first_line end
from pg_temp.delivered
inner join repeated on repeated.key = delivered.${key}`,
    ),
  };
}

/** Joins that lead from a row to its bank, and the column with the bank's id. */
function ownership({ table, owner }: OwnedTable): { readonly joins: string; readonly bank: string } {
  if ("bankColumn" in owner) return { joins: "", bank: `${table}.${owner.bankColumn}` };
  const { to, column } = owner;
  const next = ownership(to);
  return {
    joins: `\nleft join ${to.table} on ${to.table}.${to.key} = ${table}.${column}${next.joins}`,
    bank: next.bank,
  };
}

/** The row that a record refers to is there, and is the bank's. */
function references({ name }: Feed, { column, to }: Reference): CheckStatement {
  const { joins, bank } = ownership(to);
  const key = `${to.table}.${to.key}`;
  return {
    parameters: ["bank"],
    statement: statementOf(
      `${name}: references ${column}`,
      `insert into pg_temp.wrong (line, column_name, problem)
select
    delivered.line,
    '${column}',
    case when ${key} is null then 'missing' else 'other-bank' end
from pg_temp.delivered
left join ${to.table} on ${key} = delivered.${column}${joins}
where
    delivered.${column} is not null
    and ${bank} is distinct from $1::integer`,
    ),
  };
}

/** The row with the record's key, if there is one, is the bank's. */
function keyOfOtherBank(feed: Feed): CheckStatement {
  const { name, table, key } = feed;
  const { joins, bank } = ownership(feed);
  return {
    parameters: ["bank"],
    statement: statementOf(
      `${name}: key of another bank`,
      `insert into pg_temp.wrong (line, column_name, problem)
select
    delivered.line,
    '${key}',
    'key-of-other-bank'
from pg_temp.delivered
inner join ${table} on ${table}.${key} = delivered.${key}${joins}
where ${bank} is distinct from $1::integer`,
    ),
  };
}

/**
 * A value that the table has only once is in no other record, and in no other row. Rows that a newer delivery has
 * changed are not written, so what they would take is no matter.
 */
function taken({ name, table, key }: Feed, column: string): CheckStatement {
  return {
    parameters: ["businessTime"],
    statement: statementOf(
      `${name}: ${column} only once`,
      `with repeated as (
    select ${column} as value, min(line) as first_line, max(line) as last_line
    from pg_temp.delivered
    where ${column} is not null
    group by ${column}
    having count(*) > 1
)

insert into pg_temp.wrong (line, column_name, problem, other_line)
select
    delivered.line,
    '${column}',
    'taken',
    case when delivered.line = first_line then last_line else first_line end
from pg_temp.delivered
inner join repeated on repeated.value = delivered.${column}
union all
select
    delivered.line,
    '${column}',
    'taken',
    null
from pg_temp.delivered
inner join ${table} on ${table}.${column} = delivered.${column} and ${table}.${key} <> delivered.${key}
left join intake.row_origin on row_origin.feed = '${name}' and row_origin.key = delivered.${key}
where coalesce(row_origin.business_time <= $1::timestamptz, true)`,
    ),
  };
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
