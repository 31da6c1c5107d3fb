-- How many rows each bank's file must have: one a branch.
--
-- grain  one row a bank with branches

select
    bank_idbank as bank_id,
    count(*) as branch_count
from branch
where bank_idbank is not null
group by 1
