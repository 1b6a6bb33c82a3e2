-- What has become of messages that are not new: stored or staged before, or known as unreadable from another import.
-- Index: message_owner_id_message_key_key, import_item_import_id_message_key_key and the one of unparsed_message. One
-- statement, so that a message on its way from staged to stored is seen in one place.
SELECT wanted.message_key,
       CASE WHEN unparsed.id IS NOT NULL AND unparsed.import_id IS DISTINCT FROM $2 THEN 'unparsed' ELSE 'duplicate' END AS fate
FROM unnest($3::text[]) AS wanted (message_key)
LEFT JOIN crm.message ON message.owner_id = $1 AND message.message_key = wanted.message_key
    AND NOT message.is_removed
LEFT JOIN crm.import_item AS item ON item.import_id = $2 AND item.message_key = wanted.message_key
LEFT JOIN crm.unparsed_message AS unparsed ON unparsed.owner_id = $1 AND unparsed.message_key = wanted.message_key
WHERE message.id IS NOT NULL OR item.import_id IS NOT NULL OR unparsed.id IS NOT NULL
