-- What the files of a month must add up to, taken straight from loans without any join. The joins of the extracts go
-- up primary keys, so they may lose a loan but never double one: where the counts agree, none is lost.
--
-- grain       one row a month with loans
-- parameters  $1 date  first day of the first month asked for
--             $2 date  first day of the last month asked for
-- units       totals in the currency unit of loans.amount

with daily_loans as (
    select
        loan_date,
        count(*) as loan_count,
        coalesce(sum(amount), 0) as loan_total,
        count(*) filter (where amount is null) as loans_without_amount,
        count(*) filter (where amount < 0) as loans_with_negative_amount
    from loans
    where
        loan_date >= $1::date
        and loan_date < ($2::date + interval '1 month')::date
    group by loan_date
)

select
    to_char(loan_date, 'YYYY-MM') as month,
    sum(loan_count) as loan_count,
    sum(loan_total) as loan_total,
    sum(loans_without_amount) as loans_without_amount,
    sum(loans_with_negative_amount) as loans_with_negative_amount
from daily_loans
group by 1
