-- Distributes the clients among the branches, except every tenth branch, which stays empty.
--
-- parameters  $1 integer  clients
--             $2 integer  branches

with client_branches as (
    select
        number,
        (number::bigint * 7919) % $2::integer as branch_number
    from generate_series(0, $1::integer - 1) as number
)

insert into client (idclient, name, surname, branch_idbranch)
select
    2000000 + number,
    'Name' || number,
    'Surname' || number,
    1000 + case when branch_number % 10 = 9 then branch_number - 1 else branch_number end
from client_branches
