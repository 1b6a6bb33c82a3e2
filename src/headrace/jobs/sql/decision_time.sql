-- The moment by which a change is decided.
-- Lock: none; the database's clock, unless a clock is given.
SELECT coalesce($1::timestamptz, clock_timestamp())
