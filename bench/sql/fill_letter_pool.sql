-- Stores subjects and texts with their words, numbered from 0.
-- Index: letter_pool_pkey.
INSERT INTO letter_pool (number, subject, body, subject_words, words, word_count)
SELECT place - 1, subject, body, told.subject_words, told.words,
       (SELECT coalesce(sum(cardinality(positions)), 0) FROM unnest(told.words))
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (subject, body, place),
     LATERAL (SELECT setweight(to_tsvector($3::text::regconfig, subject), 'A') AS subject_words,
                     to_tsvector($3::text::regconfig, body) AS words) AS told
