-- All addresses of these contacts.
-- Index: contact_address_contact.
SELECT DISTINCT email FROM crm.contact_address WHERE contact_id = ANY ($1::uuid[]) ORDER BY email
