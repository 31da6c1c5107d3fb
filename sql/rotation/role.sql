-- One row if the role exists, else none. $1: the role.

select rolname from pg_roles where rolname = $1::text
