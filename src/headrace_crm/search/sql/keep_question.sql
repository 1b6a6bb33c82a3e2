-- Keeps the words of a question beside the event that it was asked.
-- Index: question_pkey.
INSERT INTO crm.question (query_id, owner_id, text, asked_at) VALUES ($1, $2, $3, $4)
