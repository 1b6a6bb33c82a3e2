-- The names seen beside addresses.
-- Index: address_name_pkey.
SELECT email, is_own, name, full_name, seen_count
FROM crm.address_name WHERE owner_id = $1 AND email = ANY ($2::text[])
ORDER BY email, is_own, name
