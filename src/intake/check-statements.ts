/** The statements that find wrong records in the temporary table. Like all of a feed's, they follow from its definition. */
import { type Statement, statementOf } from "../platform/statement";
import type { Feed, OwnedTable, Reference } from "./feed";

/** Why a record is wrong that only the database can find out. */
export type DatabaseProblem = "twice" | "missing" | "other-bank" | "key-of-other-bank" | "taken";

export type Parameter = "bank" | "businessTime" | "wrongKeys" | "wrongLines";

/** Finds wrong records: it adds line, column and problem to the temporary table `wrong`. */
export interface CheckStatement {
  readonly statement: Statement;
  /** Which of the values the statement has as its parameters. */
  readonly parameters: readonly Parameter[];
}

export function checkStatements(feed: Feed): readonly CheckStatement[] {
  return [
    twice(feed),
    ...feed.references.map((reference) => references(feed, reference)),
    keyOfOtherBank(feed),
    ...(feed.unique === undefined ? [] : [taken(feed, feed.unique)]),
  ];
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
