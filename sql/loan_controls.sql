-- What the files must add up to, taken straight from loans and on a way of its own: from the loan up, with outer
-- joins, so that a loan which reaches no bank is counted too.
--
-- grain       one row a month and bank with loans; bank_id is null for the loans that reach none
-- parameters  $1 date  first day of the first month asked for
--             $2 date  first day of the last month asked for
-- units       totals in the currency unit of loans.amount

select
    to_char(loans.loan_date, 'YYYY-MM') as month,
    bank.idbank as bank_id,
    count(*) as loan_count,
    coalesce(sum(loans.amount), 0) as loan_total,
    count(*) filter (where loans.amount is null) as loans_without_amount,
    count(*) filter (where loans.amount < 0) as loans_with_negative_amount
from loans
left join account on account.idaccount = loans.account_idaccount
left join client on client.idclient = account.client_idclient
left join branch on branch.idbranch = client.branch_idbranch
left join bank on bank.idbank = branch.bank_idbank
where
    loans.loan_date >= $1::date
    and loans.loan_date < ($2::date + interval '1 month')::date
group by 1, 2
