-- What words and vectors say about passages that either found; made_model and made_dimension as in match_vector.
-- Index: passage_pkey, message_pkey, and the primary key of the model's partition.
SELECT passage.id, passage.message_id, message.thread_id, rated.score AS words,
       nullif(1 - (embedding.vector::halfvec(made_dimension) <=> $1::text::halfvec(made_dimension)), 'NaN') AS nearness
FROM crm.passage
LEFT JOIN crm.message ON message.id = passage.message_id
LEFT JOIN crm.embedding ON embedding.model_id = made_model AND embedding.passage_id = passage.id,
     LATERAL (
         SELECT sum(asked.weight * told.times * 3 / (told.times + 0.2 + 1.8 * passage.word_count / $5::float8)) AS score
         FROM unnest($3::text[]::tsquery[], $4::float8[]) AS asked (word, weight),
              LATERAL (SELECT ts_rank('{1,1,1,1}', passage.words, asked.word) AS share) AS ranked,
              LATERAL (SELECT 0.6079 / greatest(1 - ranked.share, 0.002) - 0.55 AS times) AS told
         WHERE ranked.share > 0
     ) AS rated
WHERE passage.id = ANY ($2::bigint[])
