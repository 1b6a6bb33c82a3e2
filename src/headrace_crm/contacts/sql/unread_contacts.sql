-- Contacts whose mail is to be read for facts.
-- Index: contact_unread, in its order; the owner is locked.
SELECT id FROM crm.contact WHERE owner_id = $1 AND is_unread ORDER BY id LIMIT $2
