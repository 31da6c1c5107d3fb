-- Waits until no other delivery of this feed and bank is being loaded. The lock ends with the transaction.
--
-- parameters  $1 text     feed
--             $2 integer  bank

select pg_advisory_xact_lock(hashtext('bank-batch intake ' || $1::text), $2::integer)
