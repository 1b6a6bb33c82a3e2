-- Changes a contact's name and addresses, which its mail is read in the light of.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET name = $2, addresses = $3, is_unread = true WHERE id = $1
