-- Whose contact it is.
-- Index: contact_pkey.
SELECT owner_id FROM crm.contact WHERE id = $1
