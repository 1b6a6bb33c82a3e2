-- Notes that messages are gone, so that what was recorded of them is taken back.
-- Index: message_owner_id_message_key_key; the owner is locked.
UPDATE crm.message SET is_removed = true, extracted_at = NULL
WHERE owner_id = $1 AND message_key = ANY ($2::text[]) AND NOT is_removed
RETURNING id, message_key, message_id, in_reply_to, reference_ids, subject, sent_at, date_is_guessed, list_id, is_automated,
          is_precedence_bulk, has_unsubscribe, is_list_post, provider_thread_id, size_bytes, is_truncated
