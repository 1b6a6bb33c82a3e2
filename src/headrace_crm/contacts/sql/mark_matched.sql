-- Notes that contacts were compared with those of the same name.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET is_unmatched = false WHERE id = ANY ($1::uuid[])
