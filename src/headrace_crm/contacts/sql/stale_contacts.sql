-- Contacts whose name or addresses may have changed, as last announced.
-- Index: contact_stale, in its order; the owner is locked.
SELECT id, name, addresses FROM crm.contact WHERE owner_id = $1 AND is_stale ORDER BY id LIMIT $2
