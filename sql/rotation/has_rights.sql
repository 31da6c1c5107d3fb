-- One row: whether this connection's role has all rights of another one without a `set role`. $1: the other role.

select pg_has_role(current_user, $1::text, 'usage') as has_rights
