-- How many rows each bank's file must have: one for each branch.
--
-- grain  one row for each bank with branches

select
    bank_idbank as bank_id,
    count(*) as branch_count
from branch
where bank_idbank is not null
group by 1
