-- parameters  $1 integer  accounts, one per client

insert into account (idaccount, balance, client_idclient, open_date)
select
    5000000 + number,
    (number::bigint * 104729 % 1000000)::integer,
    2000000 + number,
    date '2000-01-01' + number % 5000
from generate_series(0, $1::integer - 1) as number
