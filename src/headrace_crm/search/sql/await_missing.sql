-- Has every passage wait that has no vector of a model.
-- Index: the primary key of the model's partition, beside all passages.
INSERT INTO crm.passage_unembedded (passage_id)
SELECT id FROM crm.passage
WHERE NOT EXISTS (SELECT FROM crm.embedding WHERE model_id = $1::smallint AND passage_id = passage.id)
ON CONFLICT DO NOTHING
