-- Stores the rules that an app declares: an edited one keeps its edit, one the app no longer declares goes, unless it was edited.
-- Index: limit_rule_pkey, in order of name; limit_key_pkey: the rows that the slots of limited queues are counted in.
WITH new AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::double precision[], $4::interval[], $5::double precision[], $6::text[])
        AS new (name, concurrency, rate, per, burst, declaration)
), gone AS (
    DELETE FROM headrace.limit_rule
    WHERE app = $7 AND declaration IS NOT NULL AND edited_at IS NULL AND name <> ALL ($1)
), undeclared AS (
    UPDATE headrace.limit_rule SET declaration = NULL
    WHERE app = $7 AND declaration IS NOT NULL AND edited_at IS NOT NULL AND name <> ALL ($1)
), counted AS (
    INSERT INTO headrace.limit_key (key, taken, used_at)
    SELECT name, 0, statement_timestamp() FROM new WHERE name LIKE '@%' ORDER BY name
    ON CONFLICT (key) DO NOTHING
)
INSERT INTO headrace.limit_rule AS rule (name, concurrency, rate, per, burst, declaration, app)
SELECT name, concurrency, rate, per, burst, declaration::jsonb, $7 FROM new ORDER BY name
ON CONFLICT (name) DO UPDATE
SET concurrency = CASE WHEN rule.edited_at IS NULL THEN excluded.concurrency ELSE rule.concurrency END,
    rate = CASE WHEN rule.edited_at IS NULL THEN excluded.rate ELSE rule.rate END,
    per = CASE WHEN rule.edited_at IS NULL THEN excluded.per ELSE rule.per END,
    burst = CASE WHEN rule.edited_at IS NULL THEN excluded.burst ELSE rule.burst END,
    declaration = excluded.declaration, app = excluded.app
WHERE (rule.declaration, rule.app) IS DISTINCT FROM (excluded.declaration, excluded.app)
