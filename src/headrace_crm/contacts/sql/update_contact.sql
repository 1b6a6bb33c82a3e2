-- Changes a contact's name and addresses.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact SET name = $2, addresses = $3 WHERE id = $1
