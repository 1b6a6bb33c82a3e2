-- Keeps the proof of an erasure.
-- Lock: none.
INSERT INTO headrace.erasure
    (id, tenant_id, subject, key_id, key_fingerprint, event_counts, handlers, position, actor, reason, erased_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, $11)
