-- Notes that a source would not tell of a contact.
-- Index: enrichment_pkey; the contact is locked.
UPDATE crm.enrichment SET state = 'refused', detail = $3, due_at = $4, token = NULL, received = NULL
WHERE contact_id = $1 AND source = $2
