-- Has these contacts compared with those of the same name.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET is_unmatched = true WHERE id = ANY ($1::uuid[]) AND NOT is_unmatched
