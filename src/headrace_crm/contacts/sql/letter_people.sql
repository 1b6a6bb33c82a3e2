-- Whom a message names, in header order, with the contact whose address each is.
-- Index: message_address_pkey, contact_address_pkey, contact_pkey.
SELECT named.role, named.email, named.name, contact.id AS contact_id, contact.name AS contact_name,
       owned.email IS NOT NULL AS is_owner
FROM crm.message_address AS named
LEFT JOIN crm.contact_address AS known ON known.owner_id = named.owner_id AND known.email = named.email
LEFT JOIN crm.contact ON contact.id = known.contact_id
LEFT JOIN crm.owner_address AS owned ON owned.email = named.email AND owned.owner_id = named.owner_id
WHERE named.message_id = $1 AND named.role <> 'list'
ORDER BY named.position
LIMIT $2
