-- Sets these settings until the end of the transaction.
-- Lock: none.
SELECT set_config(name, value, true) FROM unnest($1::text[], $2::text[]) AS setting (name, value)
