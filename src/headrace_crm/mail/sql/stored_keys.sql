-- Which messages an owner has already, stored by another reading since they were staged; and which of these are going.
-- Index: message_owner_id_message_key_key, unparsed_message_owner_id_message_key_key; the owner is locked.
SELECT message_key, is_removed FROM crm.message WHERE owner_id = $1 AND message_key = ANY ($2::text[])
UNION ALL
SELECT message_key, false FROM crm.unparsed_message WHERE owner_id = $1 AND message_key = ANY ($2::text[])
