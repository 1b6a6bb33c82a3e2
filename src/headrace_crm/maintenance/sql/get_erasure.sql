-- One erasure.
-- Index: erasure_pkey.
SELECT id, stage, addresses, names, words, contact_ids, counts, requested_by, reason, requested_at, completed_at
FROM crm.erasure WHERE id = $1
