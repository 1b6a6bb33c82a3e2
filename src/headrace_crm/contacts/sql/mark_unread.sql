-- Has the mail of contacts read for facts again.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET is_unread = true WHERE id = ANY ($1::uuid[]) AND NOT is_unread
