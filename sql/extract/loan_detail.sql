-- The single loans of the months asked for.
--
-- grain       one row for each loan of a bank; the control totals reveal a loan without a bank
-- parameters  $1 date  first day of the first month asked for
--             $2 date  first day of the last month asked for
-- units       amount in the currency unit of loans.amount
-- order       month, bank_id, branch_id, loan_id
--
-- The range on loan_date is half-open and without a function, so an index can serve it.

select
    bank.idbank as bank_id,
    bank.name as bank_name,
    branch.idbranch as branch_id,
    branch.address as branch_address,
    client.idclient as client_id,
    account.idaccount as account_id,
    loans.idloan as loan_id,
    loans.loan_date,
    loans.amount
from loans
inner join account on account.idaccount = loans.account_idaccount
inner join client on client.idclient = account.client_idclient
inner join branch on branch.idbranch = client.branch_idbranch
inner join bank on bank.idbank = branch.bank_idbank
where
    loans.loan_date >= $1::date
    and loans.loan_date < ($2::date + interval '1 month')::date
order by date_trunc('month', loans.loan_date::timestamp), bank_id, branch_id, loan_id
