-- Takes back that messages were removed.
-- Index: message_owner_id_message_key_key; the owner is locked.
UPDATE crm.message SET is_removed = false, extracted_at = NULL WHERE owner_id = $1 AND message_key = ANY ($2::text[])
