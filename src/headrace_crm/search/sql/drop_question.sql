-- Removes a question with its answer; a row comes back where it was there.
-- Index: question_pkey, and those of what goes with it.
DELETE FROM crm.question WHERE query_id = $1 RETURNING query_id
