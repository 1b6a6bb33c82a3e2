-- The id of a model that has its partition and that no newer one is to take the place of.
-- Lock: the model's row against its removal.
SELECT id FROM crm.embedding_model AS model
WHERE name = $1 AND version = $2 AND dimension = $3
  AND NOT EXISTS (SELECT FROM crm.embedding_model AS newer WHERE newer.id > model.id)
FOR KEY SHARE
