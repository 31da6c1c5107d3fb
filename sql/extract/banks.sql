-- The banks of the group.
--
-- grain  one row for each bank, with or without branches
-- order  bank_id, as the rows of every extract

select
    idbank as bank_id,
    name as bank_name
from bank
order by idbank
