-- Whether a model still has its partition.
-- Lock: the model's row against its removal.
SELECT id FROM crm.embedding_model WHERE id = $1 FOR KEY SHARE
