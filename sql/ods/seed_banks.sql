-- parameters  $1 integer  banks
--             $2 boolean  whether to add one more bank, without branches

insert into bank (idbank, name, capitalization)
select
    bank_id,
    case bank_id
        when 1 then 'First National'
        when 2 then 'Crédit d''Été'
        when 3 then 'Smith, "Jones" & Söhne'
        else 'Bank No. ' || bank_id
    end,
    100000 * bank_id
from generate_series(1, $1::integer) as bank_id
union all
select
    $1::integer + 1,
    'Paper Bank',
    1
where $2::boolean
