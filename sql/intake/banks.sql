-- The banks of the group, to find the one that a folder belongs to.
--
-- grain  one row for each bank

select
    idbank,
    name
from bank
