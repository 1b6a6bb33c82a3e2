-- Opens a cursor over the rows of a table that this transaction and its savepoints have written, each with its key.
-- Lock: none but a reader's; the whole table is looked at. No savepoint is older than the transaction's own number ($1), and what
-- this session sees of anybody younger who has not committed is its own: one in progress, or one that no snapshot knows yet.
DECLARE headrace_written NO SCROLL CURSOR FOR
SELECT jsonb_build_object({key})::text AS key, to_jsonb(each)::text AS row
FROM {table} AS each
CROSS JOIN LATERAL (SELECT (each.xmin::text::bigint - $1::bigint % 4294967296 + 4294967296) % 4294967296) AS since (distance)
WHERE since.distance < 2147483648
  AND CASE
          WHEN $1 + since.distance >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN true
          ELSE pg_xact_status(($1 + since.distance)::text::xid8) = 'in progress'
      END
