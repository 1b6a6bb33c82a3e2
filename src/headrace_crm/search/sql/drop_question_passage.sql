-- Removes what a question is found by.
-- Index: passage_question_id_number_key.
DELETE FROM crm.passage WHERE question_id = $1
