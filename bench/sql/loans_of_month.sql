-- Inserts a given number of loans into one month, in the order of their dates.
--
-- parameters  $1 integer  loans
--             $2 integer  accounts
--             $3 date     the month's first day
--             $4 integer  number of the first loan, so that each month gets other ids

insert into loans (idloan, amount, account_idaccount, loan_date)
select
    10000000 + $4::integer + number,
    (1000 + number::bigint * 2654435761 % 468731)::integer,
    5000000 + (number::bigint * 40503 % $2::integer)::integer,
    $3::date
    + (number::bigint * (($3::date + interval '1 month')::date - $3::date) / $1::integer)::integer
from generate_series(0, $1::integer - 1) as number
