-- Begins an erasure.
-- Index: erasure_pkey.
INSERT INTO crm.erasure (id, stage, addresses, names, contact_ids, requested_by, reason, requested_at, words)
VALUES ($1, 'asked', $2, $3, $4, $5, $6, $7, $8)
