-- The first problems that the database found.
--
-- grain  one row for each problem, up to 1,000
-- order  line, column

select
    line,
    column_name,
    problem,
    other_line
from pg_temp.wrong
order by line, column_name, problem
limit 1000
