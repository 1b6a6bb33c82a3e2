-- The passages that fit a query's words best, by BM25. How often a word is in a passage is read off ts_rank, which for
-- one word and equal weights is (1 + 1/4 + 1/9 + ...) / 1.645 over its places.
-- Index: passage_words; ranks every passage it finds, which the query's own plan bounds. message_pkey for what is left.
SELECT found.id, found.score, found.message_id, message.thread_id
FROM (
    SELECT passage.id, passage.message_id, rated.score
    FROM crm.passage,
         LATERAL (
             SELECT sum(asked.weight * told.times * 3 / (told.times + 0.2 + 1.8 * passage.word_count / $5::float8)) AS score
             FROM unnest($3::text[]::tsquery[], $4::float8[]) AS asked (word, weight),
                  LATERAL (SELECT ts_rank('{1,1,1,1}', passage.words, asked.word) AS share) AS ranked,
                  LATERAL (SELECT 0.6079 / greatest(1 - ranked.share, 0.002) - 0.55 AS times) AS told
             WHERE ranked.share > 0
         ) AS rated
    WHERE passage.words @@ $1::text::tsquery
      AND passage.owner_id = ANY ($6::uuid[])
      AND passage.kind = ANY ($7::text[])
      AND ($8::timestamptz IS NULL OR passage.occurred_at >= $8)
      AND ($9::timestamptz IS NULL OR passage.occurred_at < $9)
      AND ($10::uuid[] IS NULL OR passage.contact_id = ANY ($10)
           OR EXISTS (SELECT FROM crm.interaction
                      WHERE interaction.message_id = passage.message_id AND interaction.contact_id = ANY ($10)))
    ORDER BY rated.score DESC NULLS LAST, passage.id DESC
    LIMIT $2
) AS found
LEFT JOIN crm.message ON message.id = found.message_id
