-- One row: the statement that creates a role with the rights of another one. PostgreSQL quotes the values.
-- $1: the new role. $2: its password as the server stores it, never the password itself. $3: the role with the rights.

select format('create role %I login inherit password %L in role %I', $1::text, $2::text, $3::text) as statement
