-- Deletes some requests that are older than this.
-- Index: request_pkey; rows that others delete meanwhile are skipped.
DELETE FROM headrace.request WHERE id IN (
    SELECT id FROM headrace.request
    WHERE id < headrace.uuid7_floor(coalesce($3::timestamptz, statement_timestamp()) - $1::interval)
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
)
