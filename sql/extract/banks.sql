-- The banks of the group.
--
-- grain  one row a bank, with or without branches
-- order  bank_id, the order of the rows in every extract

select
    idbank as bank_id,
    name as bank_name
from bank
order by idbank
