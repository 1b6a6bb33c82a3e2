-- How many passages of an owner wait for a vector; none do where there is no table of vectors.
-- Index: passage_unembedded_pkey, passage_pkey.
SELECT count(*) FROM crm.passage_unembedded AS waiting JOIN crm.passage ON passage.id = waiting.passage_id
WHERE passage.owner_id = $1 AND to_regclass('crm.embedding') IS NOT NULL
