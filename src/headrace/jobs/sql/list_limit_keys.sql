-- The keys last used of a limit, and how each stands; those that hold most first.
-- Index: limit_key_pkey, the range of the name; limit_freed_pkey.
WITH known AS MATERIALIZED (
    SELECT limit_key.key FROM headrace.limit_key
    WHERE limit_key.key = $1 OR (limit_key.key > $1 || ':' AND limit_key.key < $1 || ';')
    ORDER BY limit_key.used_at DESC LIMIT $2
)
SELECT standing.key, standing.concurrency, standing.held, standing.burst, standing.per_second, standing.tokens
FROM headrace.limit_standing(ARRAY(SELECT key FROM known), statement_timestamp()) AS standing
ORDER BY standing.held DESC, standing.used_at DESC, standing.key
