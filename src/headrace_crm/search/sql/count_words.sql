-- Counts in how many of an owner's passages each word is; words of one passage only are left out.
-- Index: passage_owner; reads every passage of the owner. The vocabulary is locked.
INSERT INTO crm.word (owner_id, word, passage_count)
SELECT $1::uuid, word, ndoc
FROM ts_stat(format('SELECT words FROM crm.passage WHERE owner_id = %L::uuid', $1::uuid))
WHERE ndoc > 1
