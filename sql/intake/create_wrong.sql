-- For the records that the database finds wrong, each with its problem.

create temporary table wrong (
    line bigint,
    column_name text,
    problem text,
    -- The other record with the same value.
    other_line bigint
) on commit drop
