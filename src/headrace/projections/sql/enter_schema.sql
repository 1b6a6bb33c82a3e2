-- Puts a schema first on the search path of this transaction.
-- Lock: none; a setting of the transaction.
SELECT set_config('search_path', quote_ident($1) || ', ' || current_setting('search_path'), true)
