-- Distributes the same branches among more banks.
--
-- parameters  $1 integer  total number of banks

with added as (
    insert into bank (idbank, name, capitalization)
    select number, 'Bank No. ' || number, 100000
    from generate_series((select max(idbank) + 1 from bank), $1::integer) as number
)

update branch set bank_idbank = 1 + idbranch % $1::integer
