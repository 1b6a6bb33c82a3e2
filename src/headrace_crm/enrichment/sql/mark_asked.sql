-- Notes that a source is about to be asked about a contact.
-- Index: enrichment_pkey; the contact is locked.
INSERT INTO crm.enrichment (contact_id, source, state, asked_for, token, asked_at, due_at)
VALUES ($1, $2, 'asked', $3, $4, $5, $6)
ON CONFLICT (contact_id, source) DO UPDATE
SET state = 'asked', asked_for = excluded.asked_for, token = excluded.token, tries = 0, asked_at = excluded.asked_at,
    due_at = excluded.due_at, detail = NULL, received = NULL
