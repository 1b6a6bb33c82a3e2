-- Which of these threads there are.
-- Index: thread_pkey.
SELECT id FROM crm.thread WHERE id = ANY ($1::bigint[]) ORDER BY id
