-- To which bank the loans of a month and of its window belong, computed from the loan up with outer joins, so that a
-- loan without a bank is counted too. It costs as much as the moving average, so it runs only for a month that doesn't
-- reconcile.
--
-- grain       one row for each bank with loans; bank_id is null for loans without a bank
-- parameters  $1 date  first day of the month
-- units       totals in the currency unit of loans.amount

select
    bank.idbank as bank_id,
    count(*) filter (where loans.loan_date >= $1::date) as loan_count,
    coalesce(sum(loans.amount) filter (where loans.loan_date >= $1::date), 0) as loan_total,
    count(*) as window_loan_count,
    coalesce(sum(loans.amount), 0) as window_loan_total
from loans
left join account on account.idaccount = loans.account_idaccount
left join client on client.idclient = account.client_idclient
left join branch on branch.idbranch = client.branch_idbranch
left join bank on bank.idbank = branch.bank_idbank
where
    loans.loan_date >= ($1::date - interval '2 months')::date
    and loans.loan_date < ($1::date + interval '1 month')::date
group by 1
