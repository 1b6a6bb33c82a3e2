-- The contacts of all owners that have one of these addresses.
-- Index: none for the address alone; asked for once an erasure.
SELECT DISTINCT contact_id FROM crm.contact_address WHERE email = ANY ($1::text[]) ORDER BY contact_id
