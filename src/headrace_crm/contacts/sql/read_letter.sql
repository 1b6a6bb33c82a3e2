-- One stored message, with how many messages its thread has, a thousand and one at most.
-- Index: message_pkey, message_thread, mailbox_label_pkey, mailbox_message_key.
SELECT message.id, message.owner_id, message.thread_id, message.direction, message.is_bulk, message.subject, message.sent_at,
       message.date_is_guessed, message.list_id, message.body_text, message.attachments::text AS attachments,
       crm.label_names(message.owner_id, message.message_key, message.labels) AS labels,
       message.size_bytes, message.is_truncated, message.source, message.stored_at, message.import_id,
       (SELECT count(*) FROM (SELECT FROM crm.message AS other
                              WHERE other.thread_id = message.thread_id AND NOT other.is_removed LIMIT 1001) AS counted) AS thread_count
FROM crm.message
WHERE message.id = $1 AND NOT message.is_removed
