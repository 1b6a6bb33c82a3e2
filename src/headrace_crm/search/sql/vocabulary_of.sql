-- How many passages of owners were counted, and how long they were together.
-- Index: vocabulary_pkey.
SELECT coalesce(sum(passage_count), 0)::bigint AS passage_count, coalesce(sum(word_total), 0)::bigint AS word_total
FROM crm.vocabulary WHERE owner_id = ANY ($1::uuid[])
