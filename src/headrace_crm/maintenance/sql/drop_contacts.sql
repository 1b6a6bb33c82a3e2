-- Removes contacts with everything that is theirs.
-- Index: contact_pkey.
DELETE FROM crm.contact WHERE id = ANY ($1::uuid[]) RETURNING id, owner_id
