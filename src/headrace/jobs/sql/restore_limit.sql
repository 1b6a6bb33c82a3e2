-- Puts a rule in force again as the code declares it.
-- Index: limit_rule_pkey.
UPDATE headrace.limit_rule
SET concurrency = $2, rate = $3, per = $4, burst = $5, edited_at = NULL, edited_by = NULL
WHERE name = $1
RETURNING name, concurrency, rate, per, burst, app, declaration::text AS declaration, edited_at, edited_by
