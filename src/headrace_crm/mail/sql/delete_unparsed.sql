-- Removes messages that could not be read.
-- Index: unparsed_message_owner_id_message_key_key; the owner is locked.
DELETE FROM crm.unparsed_message WHERE owner_id = $1 AND message_key = ANY ($2::text[]) RETURNING id
