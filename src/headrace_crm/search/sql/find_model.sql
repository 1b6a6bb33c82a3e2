-- The id of a model that has made vectors here, and whether there is a table of vectors at all.
-- Index: embedding_model_name_version_dimension_key.
SELECT (SELECT id FROM crm.embedding_model WHERE name = $1 AND version = $2 AND dimension = $3) AS model_id,
       to_regclass('crm.embedding') IS NOT NULL AS has_vectors
