-- How many problems the database found.
--
-- grain  one row: problems, wrong records, wrong records that don't only lack a row that they refer to

select
    count(*) as problems,
    count(distinct line) as records,
    count(distinct line) filter (where problem <> 'missing') as definite_records
from pg_temp.wrong
