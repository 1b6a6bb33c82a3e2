-- Stores questions with answers that rest on three messages each.
-- Index: question_pkey, answer_pkey, citation_pkey.
WITH asked AS MATERIALIZED (
    SELECT number, headrace.uuid7($3::timestamptz - ($2::integer - number) * interval '1 hour') AS id,
           $3::timestamptz - ($2::integer - number) * interval '1 hour' AS at
    FROM generate_series(1, $2::integer) AS number
), question AS (
    INSERT INTO crm.question (query_id, owner_id, text, asked_at)
    SELECT id, $1, 'who mends the hull number ' || number || '?', at FROM asked
), answer AS (
    INSERT INTO crm.answer (query_id, text, answered_by, about, cited_count)
    SELECT id, 'Most likely with these: [1], [2] and [3].', 'passages', '{}', 3 FROM asked
)
INSERT INTO crm.citation (query_id, number, message_id, quote)
SELECT asked.id, cited, message.id, left(message.body_text, 300)
FROM asked, generate_series(1, 3) AS cited, crm.message
WHERE message.id = asked.number * 3 + cited
