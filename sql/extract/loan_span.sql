-- From when to when there are loans, to say why a month has none. It runs only if a month is empty: a covering index
-- gives the two ends at once, but a block range index makes it read the whole table.
--
-- grain  one row: the first and the last month with loans, NULL without any
--
-- Loans of no month that can be asked for, such as those dated infinity, don't count.

select
    to_char(min(loan_date)::timestamp, 'YYYY-MM') as first_month,
    to_char(max(loan_date)::timestamp, 'YYYY-MM') as last_month
from loans
where loan_date between '1900-01-01' and '9999-12-31'
