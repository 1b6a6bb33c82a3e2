-- Whether this session sees a table of this name.
-- Lock: none.
SELECT to_regclass($1) IS NOT NULL
