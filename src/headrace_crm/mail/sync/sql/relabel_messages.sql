-- Gives messages that were stored from a server the labels they have there now.
-- Index: message_owner_id_message_key_key; the owner is locked. Those of an import keep what the file said.
UPDATE crm.message SET labels = ARRAY(SELECT jsonb_array_elements_text(relabelled.labels))
FROM unnest($2::text[], $3::jsonb[]) AS relabelled (message_key, labels)
WHERE message.owner_id = $1 AND message.message_key = relabelled.message_key AND message.source <> 'mbox'
