-- Puts a rule in force at run time.
-- Index: limit_rule_pkey; limit_key_pkey: the row that the slots of a limited queue are counted in.
WITH counted AS (
    INSERT INTO headrace.limit_key (key, taken, used_at)
    SELECT $1, 0, statement_timestamp() WHERE $1::text LIKE '@%'
    ON CONFLICT (key) DO NOTHING
)
INSERT INTO headrace.limit_rule AS rule (name, concurrency, rate, per, burst, edited_at, edited_by)
VALUES ($1, $2, $3, $4, $5, statement_timestamp(), $6)
ON CONFLICT (name) DO UPDATE
SET concurrency = excluded.concurrency, rate = excluded.rate, per = excluded.per, burst = excluded.burst,
    edited_at = excluded.edited_at, edited_by = excluded.edited_by
RETURNING name, concurrency, rate, per, burst, app, declaration::text AS declaration, edited_at, edited_by
