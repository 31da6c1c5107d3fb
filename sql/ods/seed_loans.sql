-- Inserts loans in the order of their dates, as a real system would. A linear congruence chooses the borrowers and the
-- amounts, so the same parameters always give the same loans.
--
-- parameters  $1 integer  loans
--             $2 integer  accounts
--             $3 integer  branches
--             $4 date     first day
--             $5 date     last day
--             $6 integer  seed
--
-- A branch lends nothing in every fifth month: a loan that would fall into such a month moves to the month after, or to
-- the month before if the month after is out of range.

with mixed as (
    select
        number,
        (number::bigint * 2654435761 + $6::bigint * 40503) % 4294967296 as mix,
        $4::date + (number::bigint * ($5::date - $4::date + 1) / $1::integer)::integer as day
    from generate_series(0, $1::integer - 1) as number
),

borrowed as (
    select
        number,
        day,
        (mix / 16 % $2::integer)::integer as account_number,
        1000 + (mix % 9973) * (mix / 9973 % 47) as amount
    from mixed
),

placed as (
    select
        borrowed.*,
        (extract(year from day) * 12 + extract(month from day) + account_number::bigint * 7919 % $3::integer) % 5 = 0 as is_quiet
    from borrowed
)

insert into loans (idloan, amount, account_idaccount, loan_date)
select
    10000000 + number,
    amount,
    5000000 + account_number,
    case
        when not is_quiet then day
        when (day + interval '1 month')::date <= $5::date then (day + interval '1 month')::date
        else (day - interval '1 month')::date
    end
from placed
