-- Keeps the answer to a question that is kept.
-- Index: answer_pkey.
INSERT INTO crm.answer (query_id, text, answered_by, note, since, before, about, cited_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
