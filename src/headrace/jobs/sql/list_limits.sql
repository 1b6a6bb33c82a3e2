-- The rules of limits in force, or the one of a name.
-- Index: none, rules are few.
SELECT name, concurrency, rate, per, burst, app, declaration::text AS declaration, edited_at, edited_by
FROM headrace.limit_rule WHERE $1::text IS NULL OR name = $1 ORDER BY name
