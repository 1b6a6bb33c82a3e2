-- The merged fields of a contact.
-- Index: contact_profile_pkey.
SELECT fields::text FROM crm.contact_profile WHERE contact_id = $1
