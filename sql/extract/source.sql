-- Which database at which instant the figures come from. The snapshot's text is pg_snapshot's:
-- lowest active transaction, next transaction, transactions in progress.

select
    current_database() as database,
    current_setting('server_version') as server_version,
    pg_current_snapshot() as snapshot
