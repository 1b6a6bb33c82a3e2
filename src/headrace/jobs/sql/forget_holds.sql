-- Deletes a bounded batch of windows that are over.
-- Index: unique_hold_until; SKIP LOCKED, so that nobody who draws such a key anew is waited for.
WITH past AS MATERIALIZED (
    SELECT unique_key FROM headrace.unique_hold WHERE until <= coalesce($2::timestamptz, statement_timestamp())
    ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED
)
DELETE FROM headrace.unique_hold USING past WHERE unique_hold.unique_key = past.unique_key
RETURNING unique_hold.unique_key
