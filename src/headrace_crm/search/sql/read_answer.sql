-- A question with its answer.
-- Index: question_pkey, answer_pkey.
SELECT question.query_id, question.text AS question, question.asked_at, answer.text, answer.answered_by, answer.note,
       answer.since, answer.before, answer.about, answer.cited_count
FROM crm.question JOIN crm.answer ON answer.query_id = question.query_id
WHERE question.query_id = $1
