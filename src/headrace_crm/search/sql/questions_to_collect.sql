-- Questions about one owner's mail, in the order they were asked.
-- Index: question_pkey.
SELECT query_id, owner_id, text, asked_at FROM crm.question
WHERE query_id = ANY ($1::uuid[]) AND owner_id IS NOT NULL
ORDER BY query_id
