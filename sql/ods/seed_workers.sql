-- parameters  $1 integer  branches

insert into worker (idworker, name, surname, branch_idbranch, position)
select
    9000000 + number,
    'Name' || number,
    'Surname' || number,
    1000 + number,
    'Manager'
from generate_series(0, $1::integer - 1) as number
