-- Deletes, of a slice of the keys of limits, those that hold nothing, were not used for a while, and whose buckets are full again;
-- returns the last key of the slice and how many went. Rows of queues stay.
-- Index: limit_key_pkey; FOR UPDATE SKIP LOCKED: while the row is held no claim can take, and what holds nothing gives nothing back.
WITH slice AS MATERIALIZED (
    SELECT limit_key.key FROM headrace.limit_key WHERE limit_key.key > $1 ORDER BY limit_key.key LIMIT $2
), past AS MATERIALIZED (
    SELECT limit_key.key, limit_key.taken FROM headrace.limit_key
    WHERE limit_key.key = ANY (ARRAY(SELECT key FROM slice)) AND limit_key.key NOT LIKE '@%'
      AND limit_key.used_at < coalesce($4::timestamptz, statement_timestamp()) - $3::interval
    ORDER BY limit_key.key FOR UPDATE SKIP LOCKED
), idle AS MATERIALIZED (
    SELECT past.key
    FROM past CROSS JOIN LATERAL headrace.limit_standing(ARRAY[past.key], coalesce($4::timestamptz, statement_timestamp())) AS standing
    WHERE past.taken = coalesce((SELECT sum(slots) FROM headrace.limit_freed WHERE limit_freed.key = past.key), 0)
      AND (standing.tokens IS NULL OR standing.tokens >= standing.burst)
), gone AS (
    DELETE FROM headrace.limit_freed USING idle WHERE limit_freed.key = idle.key
), deleted AS (
    DELETE FROM headrace.limit_key USING idle WHERE limit_key.key = idle.key RETURNING limit_key.key
)
SELECT (SELECT max(key) FROM slice) AS last, (SELECT count(*) FROM slice) AS seen, (SELECT count(*) FROM deleted) AS count
