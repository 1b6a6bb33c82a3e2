-- Whose addresses are, where they are a person's.
-- Index: contact_address_pkey.
SELECT email, contact_id FROM crm.contact_address WHERE owner_id = $1 AND email = ANY ($2::text[])
