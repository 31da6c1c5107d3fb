-- The minimum that the moving average needs: the loans of its window, each with its account and client.
--
-- parameters  $1 date  first day of the first month of the range
--             $2 date  first day of the last month of the range

select count(*) as loan_count
from loans
inner join account on account.idaccount = loans.account_idaccount
inner join client on client.idclient = account.client_idclient
where
    loans.loan_date >= ($1::date - interval '2 months')::date
    and loans.loan_date < ($2::date + interval '1 month')::date
