-- Stores passages with their words; those that are there already are left alone. Returns the new ones.
-- Index: passage_message_id_number_key and its like for contacts and questions.
INSERT INTO crm.passage
    (owner_id, kind, message_id, contact_id, question_id, number, title, body, occurred_at, words, word_count)
SELECT given.owner_id, given.kind, given.message_id, given.contact_id, given.question_id, given.number, given.title,
       given.body, given.occurred_at, told.words,
       (SELECT coalesce(sum(cardinality(positions)), 0) FROM unnest(told.words))
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[], $8::text[],
            $9::timestamptz[])
         AS given (owner_id, kind, message_id, contact_id, question_id, number, title, body, occurred_at),
     LATERAL (SELECT setweight(to_tsvector($10::text::regconfig, given.title), 'A')
                     || to_tsvector($10::text::regconfig, given.body) AS words) AS told
ON CONFLICT DO NOTHING
RETURNING id, message_id, contact_id, question_id, number
