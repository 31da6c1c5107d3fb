-- The delivery that loaded this content, if there is one.
--
-- grain       one row or none
-- parameters  $1 text     feed
--             $2 integer  bank
--             $3 text     SHA-256 of the file

select
    id,
    key,
    version,
    to_char(loaded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as loaded_at,
    byte_count,
    figures,
    records,
    inserted,
    updated,
    same,
    stale,
    rejected,
    rejects
from intake.delivery
where
    feed = $1::text
    and bank = $2::integer
    and sha256 = $3::text
