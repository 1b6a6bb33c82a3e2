-- Notes that nothing about these contacts is left to announce.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET is_stale = false WHERE id = ANY ($1::uuid[])
