-- Forgets where the requests of some correlations came from.
-- Index: sender_pkey.
DELETE FROM headrace.sender WHERE correlation_id = ANY ($1::uuid[])
