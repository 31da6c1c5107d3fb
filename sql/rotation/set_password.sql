-- One row: the statement that gives a role a password. Such a statement takes no parameters, so PostgreSQL quotes them.
-- $1: the role. $2: the password as the server stores it, never the password itself.

select format('alter role %I password %L', $1::text, $2::text) as statement
