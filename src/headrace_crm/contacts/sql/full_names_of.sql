-- The full names that contacts wrote under from any of their addresses.
-- Index: contact_address_contact, address_name_pkey.
SELECT DISTINCT own.full_name
FROM crm.contact_address AS whose
JOIN crm.address_name AS own ON own.owner_id = whose.owner_id AND own.email = whose.email AND own.is_own AND own.full_name IS NOT NULL
WHERE whose.contact_id = ANY ($2::uuid[]) AND whose.owner_id = $1
ORDER BY own.full_name
