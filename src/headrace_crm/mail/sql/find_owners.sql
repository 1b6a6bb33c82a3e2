-- Who has these addresses.
-- Index: owner_address_pkey.
SELECT DISTINCT owner_id FROM crm.owner_address WHERE email = ANY ($1::text[])
