-- Contacts as they are now, in id order.
-- Index: contact_pkey; the rows are locked against their removal.
SELECT id, owner_id, name, addresses, created_at FROM crm.contact WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE
