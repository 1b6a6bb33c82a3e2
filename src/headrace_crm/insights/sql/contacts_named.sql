-- The contacts of an owner who write under one of these folded full names.
-- Index: address_name_full_name, contact_address_pkey, contact_pkey.
SELECT DISTINCT address_name.full_name, contact.id, contact.name, contact.addresses
FROM crm.address_name
JOIN crm.contact_address USING (owner_id, email)
JOIN crm.contact ON contact.id = contact_address.contact_id
WHERE address_name.owner_id = $1 AND address_name.is_own AND address_name.full_name = ANY ($2::text[])
ORDER BY address_name.full_name, contact.id
