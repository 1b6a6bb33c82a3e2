-- The addresses of persons, the one they write from most first.
-- Index: contact_address_contact, address_pkey.
SELECT whose.contact_id, whose.email
FROM crm.contact_address AS whose
JOIN crm.address ON address.owner_id = whose.owner_id AND address.email = whose.email
WHERE whose.contact_id = ANY ($2::uuid[]) AND whose.owner_id = $1
ORDER BY whose.contact_id, address.authored_count DESC, whose.email
