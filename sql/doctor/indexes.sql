-- One row for each valid index of these tables: table, first column, method, and whether it covers more columns.
-- $1: names of tables, as an array.

select
    relation.relname as table_name,
    attribute.attname as first_column,
    access_method.amname as method,
    index_info.indnatts > 1 as is_covering
from unnest($1::text[]) as wanted (name)
inner join pg_class as relation on relation.oid = to_regclass(quote_ident(wanted.name))
inner join pg_index as index_info on index_info.indrelid = relation.oid and index_info.indisvalid
inner join pg_class as index_relation on index_relation.oid = index_info.indexrelid
inner join pg_am as access_method on access_method.oid = index_relation.relam
inner join pg_attribute as attribute
    on attribute.attrelid = relation.oid and attribute.attnum = index_info.indkey[0]
