-- When a person, whoever it was, wrote in threads last, up to a moment.
-- Index: message_thread.
SELECT thread_id, max(sent_at) AS last_at FROM crm.message
WHERE thread_id = ANY ($1::bigint[]) AND sent_at <= $2 AND NOT (is_bulk OR is_automated OR is_removed)
GROUP BY thread_id
