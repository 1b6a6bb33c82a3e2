-- Questions that were answered, the newest first, below one of them.
-- Index: answer_pkey, from its end: ids grow with time; question_pkey.
SELECT answer.query_id, question.text AS question, question.asked_at, answer.answered_by, answer.cited_count
FROM crm.answer JOIN crm.question ON question.query_id = answer.query_id
WHERE $1::uuid IS NULL OR answer.query_id < $1
ORDER BY answer.query_id DESC
LIMIT $2
