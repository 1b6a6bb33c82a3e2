-- Has contacts looked at for another name or other addresses.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET is_stale = true WHERE id = ANY ($1::uuid[]) AND NOT is_stale
