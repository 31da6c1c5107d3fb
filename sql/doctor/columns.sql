-- One row for each column of these tables, as the search path finds them, with what this role may do to its table.
-- $1: names of tables, as an array.

select
    relation.relname as table_name,
    attribute.attname as column_name,
    has_table_privilege(relation.oid, 'select') as may_read,
    has_table_privilege(relation.oid, 'insert, update, delete, truncate') as may_write
from unnest($1::text[]) as wanted (name)
inner join pg_class as relation on relation.oid = to_regclass(quote_ident(wanted.name))
inner join pg_attribute as attribute on attribute.attrelid = relation.oid
where attribute.attnum > 0 and not attribute.attisdropped
