-- Removes an owner's word counts, to be written anew.
-- Index: word_pkey; the vocabulary is locked.
DELETE FROM crm.word WHERE owner_id = $1
