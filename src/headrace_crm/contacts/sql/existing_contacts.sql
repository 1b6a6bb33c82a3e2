-- Which of these persons are contacts.
-- Index: contact_pkey.
SELECT id FROM crm.contact WHERE id = ANY ($1::uuid[])
