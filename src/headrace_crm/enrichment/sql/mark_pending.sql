-- Notes that a source is looking for a contact, and counts how often it said so.
-- Index: enrichment_pkey; the contact is locked.
UPDATE crm.enrichment SET state = 'pending', tries = tries + 1, due_at = $3 WHERE contact_id = $1 AND source = $2
RETURNING tries
