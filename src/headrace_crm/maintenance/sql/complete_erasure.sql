-- Ends an erasure; whom it was of is not known from here on.
-- Index: erasure_pkey.
UPDATE crm.erasure SET stage = 'done', addresses = NULL, names = NULL, words = NULL, completed_at = $2 WHERE id = $1 AND stage = 'chosen'
