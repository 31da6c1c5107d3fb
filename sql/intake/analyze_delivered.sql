-- A new temporary table has no statistics, and the joins with it would be planned for a small one.

analyze pg_temp.delivered
