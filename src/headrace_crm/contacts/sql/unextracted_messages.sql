-- Messages whose people are to be found, the oldest first.
-- Index: message_unextracted, in its order; the owner is locked.
SELECT id, message_key, message_id, in_reply_to, reference_ids, subject, sent_at, date_is_guessed, list_id, is_automated,
       is_precedence_bulk, has_unsubscribe, is_list_post, provider_thread_id, size_bytes, is_truncated, is_removed
FROM crm.message WHERE owner_id = $1 AND extracted_at IS NULL
ORDER BY sent_at, message_key
LIMIT $2
