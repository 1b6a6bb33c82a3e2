-- An owner's contacts among these, locked in id order.
-- Index: contact_pkey.
SELECT id, name FROM crm.contact WHERE id = ANY ($2::uuid[]) AND owner_id = $1 ORDER BY id FOR NO KEY UPDATE
