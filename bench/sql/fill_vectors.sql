-- Stores a vector for every passage: the sum of those of the two texts it is made of, as a model that takes the mean of words has it.
-- Index: vector_pool_pkey, the primary key of the model's partition.
INSERT INTO crm.embedding (model_id, passage_id, vector)
SELECT $1::smallint, passage.id, one.vector + other.vector
FROM (SELECT id, coalesce(message_id, id) AS number FROM crm.passage) AS passage
JOIN vector_pool AS one ON one.number = passage.number % $2::integer
JOIN vector_pool AS other ON other.number = (passage.number * 31 + passage.number / $2) % $2
