-- Which messages an owner has already, stored by another import since they were staged.
-- Index: message_owner_id_message_key_key, unparsed_message_owner_id_message_key_key; the owner is locked.
SELECT message_key FROM crm.message WHERE owner_id = $1 AND message_key = ANY ($2::text[])
UNION
SELECT message_key FROM crm.unparsed_message WHERE owner_id = $1 AND message_key = ANY ($2::text[])
