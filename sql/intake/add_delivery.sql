-- Adds a delivery to the ledger, unless its content was loaded before.
--
-- grain       one row with its id; none if the content was loaded before
-- parameters  $1 text         feed
--             $2 integer      bank
--             $3 text         SHA-256 of the file
--             $4 timestamptz  business time
--             $5 text         key
--             $6 text         version; empty for none
--             $7 bigint       bytes of the file
--             $8 jsonb        figures that the file states of itself
--             $9 bigint       rejected records
--             $10 jsonb       their lines and reasons

insert into intake.delivery (
    feed, bank, sha256, business_time, key, version, byte_count, figures, records, inserted, updated, same,
    stale, rejected, rejects
)
values (
    $1::text, $2::integer, $3::text, $4::timestamptz, $5::text, nullif($6::text, ''), $7::bigint, $8::jsonb,
    $9::bigint, 0, 0, 0, 0, $9::bigint, $10::jsonb
)
on conflict (feed, bank, sha256) do nothing
returning id
