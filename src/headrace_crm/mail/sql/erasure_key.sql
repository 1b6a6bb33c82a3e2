-- The key that digests of what was erased are made with; none before the first erasure.
-- Index: none; at most one row.
SELECT key FROM crm.erasure_key
