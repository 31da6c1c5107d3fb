-- The database and the instant that the figures come from. The snapshot is pg_snapshot's text: the lowest active
-- transaction, the next transaction, the transactions in progress.

select
    current_database() as database,
    current_setting('server_version') as server_version,
    pg_current_snapshot() as snapshot
