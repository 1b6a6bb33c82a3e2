-- Forgets from where some requests came that are older than this.
-- Index: request_with_address; rows that others forget meanwhile are skipped.
UPDATE headrace.request SET ip_address = NULL, user_agent = NULL WHERE id IN (
    SELECT id FROM headrace.request
    WHERE (ip_address IS NOT NULL OR user_agent IS NOT NULL)
          AND id < headrace.uuid7_floor(coalesce($3::timestamptz, statement_timestamp()) - $1::interval)
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
)
