-- Contacts that something new may tie to others.
-- Index: contact_unmatched, in its order; the owner is locked.
SELECT id FROM crm.contact WHERE owner_id = $1 AND is_unmatched ORDER BY id LIMIT $2
