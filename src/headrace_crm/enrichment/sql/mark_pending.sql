-- Notes that a source is looking for what it was asked, and counts how often it said so; nothing where that is answered.
-- Index: enrichment_pkey; its row lock.
UPDATE crm.enrichment SET state = 'pending', tries = tries + 1, due_at = $5, received = $4
WHERE contact_id = $1 AND source = $2 AND asked_for = $3 AND state IN ('asked', 'pending')
RETURNING tries
