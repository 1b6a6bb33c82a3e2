-- Notes how many passages an owner has and how long they are together.
-- Index: passage_owner; the vocabulary is locked.
INSERT INTO crm.vocabulary (owner_id, passage_count, word_total, counted_at)
SELECT $1::uuid, count(*), coalesce(sum(word_count), 0), $2::timestamptz FROM crm.passage WHERE owner_id = $1
ON CONFLICT (owner_id) DO UPDATE
SET passage_count = excluded.passage_count, word_total = excluded.word_total, counted_at = excluded.counted_at
