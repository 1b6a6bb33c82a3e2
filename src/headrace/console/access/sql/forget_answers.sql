-- Forgets keys and answers of some requests that are older than this.
-- Index: request_with_key; rows that others forget meanwhile are skipped.
UPDATE headrace.request SET key = NULL, fingerprint = NULL, answer = NULL WHERE id IN (
    SELECT id FROM headrace.request
    WHERE key IS NOT NULL AND id < headrace.uuid7_floor(coalesce($3::timestamptz, statement_timestamp()) - $1::interval)
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
)
