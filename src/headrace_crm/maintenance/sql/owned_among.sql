-- Which of these addresses are an owner's.
-- Index: owner_address_pkey.
SELECT email FROM crm.owner_address WHERE email = ANY ($1::text[]) ORDER BY email
