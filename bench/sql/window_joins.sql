-- The least that the moving average needs: the loans of its window, each with its account and client, and no more.
--
-- parameters  $1 date  first day of the first month asked for
--             $2 date  first day of the last month asked for

select count(*) as loan_count
from loans
inner join account on account.idaccount = loans.account_idaccount
inner join client on client.idclient = account.client_idclient
where
    loans.loan_date >= ($1::date - interval '2 months')::date
    and loans.loan_date < ($2::date + interval '1 month')::date
