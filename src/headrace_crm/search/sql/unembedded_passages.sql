-- Passages that wait for a vector, the newest stored first.
-- Index: passage_unembedded_pkey backward; passage_pkey.
SELECT passage.id, passage.title, passage.body
FROM crm.passage_unembedded AS waiting JOIN crm.passage ON passage.id = waiting.passage_id
ORDER BY waiting.passage_id DESC
LIMIT $1
