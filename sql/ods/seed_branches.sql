-- Distributes the branches evenly among the banks. Each table has its own range of ids, so that ids can't be mixed up.
--
-- parameters  $1 integer  branches
--             $2 integer  banks

insert into branch (idbranch, bank_idbank, address)
select
    1000 + number,
    1 + number % $2::integer,
    case number % 7
        when 0 then number || ' High Street'
        when 1 then number || ' Rue de l''Église, Liège'
        when 2 then 'Suite "' || number || '", 5th Floor'
        when 3 then 'Tower ' || number || E'\nWaterfront\nCape Town'
        when 4 then '  ' || number || ' Long Street  '
        when 5 then case when number % 2 = 0 then '' else E'Hoofstraat ' || number || E'\r\nPretoria' end
        else null
    end
from generate_series(0, $1::integer - 1) as number
