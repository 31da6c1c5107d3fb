-- What the files of each month must add up to, computed from loans alone, without a join. The extracts join along
-- primary keys, which can lose a loan but never duplicate one: if the counts agree, no loan is lost.
--
-- grain       one row for each month asked for, with or without loans
-- parameters  $1 date  first day of the first month asked for
--             $2 date  first day of the last month asked for
-- units       totals in the currency unit of loans.amount
--
-- The window is the month and the two before it. loans_without_date counts the whole table: these loans belong to no
-- month that can be asked for. They have no date, or infinity, -infinity or a year that is no loan's.

with months as (
    select month_start::date as month_start
    from generate_series($1::date - interval '2 months', $2::date, interval '1 month') as month_start
),

daily_loans as (
    select
        loan_date,
        count(*) as loan_count,
        coalesce(sum(amount), 0) as loan_total,
        count(*) filter (where amount is null) as loans_without_amount,
        count(*) filter (where amount < 0) as loans_with_negative_amount
    from loans
    where
        loan_date >= ($1::date - interval '2 months')::date
        and loan_date < ($2::date + interval '1 month')::date
    group by loan_date
),

monthly_loans as (
    select
        months.month_start,
        coalesce(sum(daily_loans.loan_count), 0) as loan_count,
        coalesce(sum(daily_loans.loan_total), 0) as loan_total,
        coalesce(sum(daily_loans.loans_without_amount), 0) as loans_without_amount,
        coalesce(sum(daily_loans.loans_with_negative_amount), 0) as loans_with_negative_amount
    from months
    left join daily_loans on date_trunc('month', daily_loans.loan_date::timestamp)::date = months.month_start
    group by months.month_start
),

windowed as (
    select
        *,
        sum(loan_count) over three_months as window_loan_count,
        sum(loan_total) over three_months as window_loan_total
    from monthly_loans
    window three_months as (order by month_start rows between 2 preceding and current row)
)

select
    to_char(month_start, 'YYYY-MM') as month,
    loan_count,
    loan_total,
    window_loan_count,
    window_loan_total,
    loans_without_amount,
    loans_with_negative_amount,
    (
        select count(*) from loans
        where loan_date is null or loan_date not between '1900-01-01' and '9999-12-31'
    ) as loans_without_date
from windowed
where month_start >= $1::date
