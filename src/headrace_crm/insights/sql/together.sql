-- When a message last named both of two contacts, for pairs of them.
-- Index: contact_address_contact, message_address_email, message_address_pkey, message_pkey.
SELECT pair.contact_id, pair.other_id, max(message.sent_at) AS together_at
FROM unnest($1::uuid[], $2::uuid[]) AS pair (contact_id, other_id)
JOIN crm.contact_address AS own ON own.contact_id = pair.contact_id
JOIN crm.contact_address AS theirs ON theirs.contact_id = pair.other_id
JOIN crm.message_address AS one ON one.owner_id = theirs.owner_id AND one.email = theirs.email
JOIN crm.message_address AS two ON two.message_id = one.message_id AND two.email = own.email
JOIN crm.message ON message.id = one.message_id
GROUP BY pair.contact_id, pair.other_id
