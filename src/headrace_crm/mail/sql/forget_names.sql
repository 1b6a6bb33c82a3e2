-- Forgets names that no message gives these addresses any more.
-- Index: address_name_pkey; the owner is locked.
DELETE FROM crm.address_name WHERE owner_id = $1 AND email = ANY ($2::text[]) AND seen_count <= 0
