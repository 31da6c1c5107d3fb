-- Completes a delivery in the ledger with what it changed.
--
-- grain       one row
-- parameters  $1 bigint  id of the delivery
--             $2 bigint  inserted rows
--             $3 bigint  updated rows
--             $4 bigint  rows with the same values
--             $5 bigint  rows of which the database has something newer

update intake.delivery
set
    inserted = $2::bigint,
    updated = $3::bigint,
    same = $4::bigint,
    stale = $5::bigint,
    records = rejected + $2::bigint + $3::bigint + $4::bigint + $5::bigint
where id = $1::bigint
returning records
