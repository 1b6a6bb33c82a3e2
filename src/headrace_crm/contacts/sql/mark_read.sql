-- Notes that the mail of contacts was read for facts.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET is_unread = false WHERE id = ANY ($1::uuid[])
