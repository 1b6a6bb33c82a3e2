-- The id of a model; one that is new gets a partition, and every passage waits for its vector.
-- Lock: crm.embedding exclusively, where the model is new.
SELECT crm.ready_model($1, $2, $3)
