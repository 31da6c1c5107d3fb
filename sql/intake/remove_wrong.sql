-- Leaves the records that are right.

delete from pg_temp.delivered
where line in (select wrong.line from pg_temp.wrong)
