-- Messages with their text, in id order; those that are removed already are left out.
-- Index: message_pkey.
SELECT id, message_key, message_id, in_reply_to, reference_ids, subject, sent_at, date_is_guessed, list_id, is_automated,
       is_precedence_bulk, has_unsubscribe, is_list_post, body_text, attachments, provider_thread_id, size_bytes, is_truncated
FROM crm.message WHERE owner_id = $1 AND id = ANY ($2::bigint[]) AND NOT is_removed
ORDER BY id
