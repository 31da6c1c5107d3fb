/** The right that a refused statement lacks, from PostgreSQL's message and the statement. */
import { missingRight } from "../../../src/platform/database/rights";

it.each([
  ["permission denied for table loans", "select 1 from public.loans", "select on table loans"],
  ["permission denied for table loans", "select 1 from a join loans on true", "select on table loans"],
  ["permission denied for table loans", "insert into loans values (1)", "insert on table loans"],
  [
    "permission denied for table row_origin",
    "insert into intake.row_origin select 1 from loans on conflict (key) do update set key = 1",
    "insert, update on table row_origin",
  ],
  [
    "permission denied for table loans",
    "update loans as existing set a = 1 from loans",
    "select, update on table loans",
  ],
  ["permission denied for table loans", "delete from loans", "select, delete on table loans"],
  ["permission denied for table loans", "copy loans (a) from stdin", "insert on table loans"],
  // Another table whose name begins in the same way.
  ["permission denied for table loan", "select 1 from loans", undefined],
  ["permission denied for schema intake", "select 1 from intake.delivery", "usage on schema intake"],
  [
    'permission denied to create temporary tables in database "ods"',
    "create temporary table a ()",
    "temporary on database ods",
  ],
  ["permission denied for function hashtext", "select hashtext('a')", "execute on function hashtext"],
  ["permission denied for sequence s", "select nextval('s')", undefined],
  [
    'query would be affected by row-level security policy for table "loans"',
    "select 1 from loans",
    "bypassrls: row-level security hides rows of the table loans from it",
  ],
  // Statements of more than one line.
  [
    "permission denied for table row_origin",
    "insert into row_origin select 1 from loans on\n  conflict (key) do\n  update set key = 1",
    "insert, update on table row_origin",
  ],
  // An update of another kind than "on conflict".
  [
    "permission denied for table loans",
    "insert into loans select 1; update other set a = 1",
    "insert on table loans",
  ],
  ["must be owner of table loans", "alter table loans add a int", undefined],
])("%s, in %s: %s", (why, statement, right) => {
  expect(missingRight(why, statement)).toBe(right);
});
