-- Notes what addresses were judged to be.
-- Index: address_pkey; the owner is locked.
UPDATE crm.address SET standing = judged.standing, is_stale = false
FROM unnest($2::text[], $3::text[]) AS judged (email, standing)
WHERE address.owner_id = $1 AND address.email = judged.email
