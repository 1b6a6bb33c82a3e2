-- The passages nearest to a vector; made_model and made_dimension are numbers of the model that made it.
-- Index: embedding_made_model_near, walked on until enough pass the filter (hnsw.iterative_scan).
SELECT passage.id
FROM crm.embedding JOIN crm.passage ON passage.id = embedding.passage_id
WHERE embedding.model_id = made_model
  AND passage.owner_id = ANY ($3::uuid[])
  AND passage.kind = ANY ($4::text[])
  AND ($5::timestamptz IS NULL OR passage.occurred_at >= $5)
  AND ($6::timestamptz IS NULL OR passage.occurred_at < $6)
  AND ($7::uuid[] IS NULL OR passage.contact_id = ANY ($7)
       OR EXISTS (SELECT FROM crm.interaction
                  WHERE interaction.message_id = passage.message_id AND interaction.contact_id = ANY ($7)))
ORDER BY embedding.vector::halfvec(made_dimension) <=> $1::text::halfvec(made_dimension)
LIMIT $2
