-- Contacts as they are now, with what is known of them, in id order.
-- Index: contact_pkey, contact_profile_pkey; the contacts are locked against their removal.
SELECT contact.id, contact.owner_id, contact.name, contact.addresses, contact.created_at,
       coalesce(profile.fields, '{}')::text AS fields
FROM crm.contact LEFT JOIN crm.contact_profile AS profile ON profile.contact_id = contact.id
WHERE contact.id = ANY ($1::uuid[]) ORDER BY contact.id FOR KEY SHARE OF contact
