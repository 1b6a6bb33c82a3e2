-- Stores vectors of passages that are still there.
-- Index: the primary key of the model's partition; the passages are locked against their removal.
INSERT INTO crm.embedding (model_id, passage_id, vector)
SELECT $1, passage.id, given.vector::halfvec
FROM unnest($2::bigint[], $3::text[]) AS given (passage_id, vector)
JOIN (SELECT id FROM crm.passage WHERE id = ANY ($2) ORDER BY id FOR KEY SHARE) AS passage
    ON passage.id = given.passage_id
ON CONFLICT DO NOTHING
