-- Notes which kinds a worker handles and their defaults, for those who enqueue in plain SQL and look at what there is.
-- Index: kind_pkey; rows are locked in the order of their names.
INSERT INTO headrace.kind AS known (name, queue, priority, max_attempts, app, seen_at, limit_key, weight, is_told)
SELECT name, queue, priority, max_attempts, $5, statement_timestamp(), limit_key, weight, is_told
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::smallint[], $6::text[], $7::integer[], $8::boolean[])
    AS new (name, queue, priority, max_attempts, limit_key, weight, is_told)
ORDER BY name
ON CONFLICT (name) DO UPDATE
SET queue = excluded.queue, priority = excluded.priority, max_attempts = excluded.max_attempts,
    app = excluded.app, seen_at = excluded.seen_at, limit_key = excluded.limit_key, weight = excluded.weight,
    is_told = excluded.is_told
