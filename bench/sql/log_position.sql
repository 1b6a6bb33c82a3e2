-- How much the server has written ahead so far, in bytes, and how many transactions that wrote have begun.
-- Index: none.
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS transactions
