-- The words of a query without stop words, and in how many passages of owners each was counted.
-- Index: word_pkey.
SELECT asked.lexeme AS word,
       (SELECT sum(passage_count)::bigint FROM crm.word
        WHERE word.owner_id = ANY ($3::uuid[]) AND word.word = asked.lexeme) AS passage_count
FROM unnest(to_tsvector($1::text::regconfig, $2)) AS asked
