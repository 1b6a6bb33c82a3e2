-- The vectors of what letters are put together from, for this session.
-- Lock: on nothing but the new table.
CREATE TEMPORARY TABLE vector_pool (number integer PRIMARY KEY, vector halfvec NOT NULL)
