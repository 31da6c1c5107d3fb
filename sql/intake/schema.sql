-- What intake needs in the database: its schema, and a role that may write the feeds' tables and nothing else. The
-- owner of the tables runs it with psql -f; it may be run again at any time. The user of intake's secret then gets the
-- role: grant intake_writer to …

create schema if not exists intake;

-- The ledger: one row for each delivery that was loaded.
create table if not exists intake.delivery (
    id bigint generated always as identity primary key,
    feed text not null,
    bank integer not null,
    -- Of the file's bytes as they came, in hexadecimal.
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    business_time timestamp with time zone not null,
    key text not null,
    version text,
    byte_count bigint not null,
    -- What the file states of itself at its end: counts and sums.
    figures jsonb not null,
    records bigint not null,
    inserted bigint not null,
    updated bigint not null,
    same bigint not null,
    stale bigint not null,
    rejected bigint not null,
    -- The rejected records' lines and reasons: no values.
    rejects jsonb not null,
    loaded_at timestamp with time zone not null default now(),
    unique (feed, bank, sha256),
    check (records = inserted + updated + same + stale + rejected)
);

-- Where each row comes from: the newest delivery that had it. It is updated in place, for which pages keep room.
create table if not exists intake.row_origin (
    feed text not null,
    key bigint not null,
    business_time timestamp with time zone not null,
    -- Without a foreign key, whose check of each row would take longer than writing it.
    delivery bigint not null,
    primary key (feed, key)
) with (fillfactor = 80);

do $$
begin
    create role intake_writer nologin;
exception
    -- Another database of the server may be getting its schema at the same moment.
    when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
    execute format('grant temporary on database %I to intake_writer', current_database());
end
$$;

grant usage on schema intake to intake_writer;
grant select, insert, update on intake.delivery, intake.row_origin to intake_writer;
grant select on bank, branch to intake_writer;
grant select, insert, update on client, account, loans to intake_writer;
