-- Where the loans of a month belong, by a way of its own: from the loan up, with outer joins, so that a loan which
-- reaches no bank is there too. It costs half of what the moving average does, so it is asked only of a month that does
-- not add up, to say why.
--
-- grain       one row a bank with loans; bank_id is null for the loans that reach none
-- parameters  $1 date  first day of the month
-- units       totals in the currency unit of loans.amount

select
    bank.idbank as bank_id,
    count(*) as loan_count,
    coalesce(sum(loans.amount), 0) as loan_total
from loans
left join account on account.idaccount = loans.account_idaccount
left join client on client.idclient = account.client_idclient
left join branch on branch.idbranch = client.branch_idbranch
left join bank on bank.idbank = branch.bank_idbank
where
    loans.loan_date >= $1::date
    and loans.loan_date < ($1::date + interval '1 month')::date
group by 1
