-- Whether vectors of another model are here while none of this one is awaited.
-- Index: passage_unembedded_pkey.
SELECT EXISTS (SELECT FROM crm.embedding_model WHERE id <> $1) AND NOT EXISTS (SELECT FROM crm.passage_unembedded)
