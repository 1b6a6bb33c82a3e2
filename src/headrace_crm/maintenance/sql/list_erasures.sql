-- Erasures, the newest first.
-- Index: erasure_requested.
SELECT id, stage, addresses, names, words, contact_ids, counts, requested_by, reason, requested_at, completed_at
FROM crm.erasure ORDER BY requested_at DESC, id DESC LIMIT $1
