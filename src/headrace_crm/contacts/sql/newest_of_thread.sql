-- The newest message of a thread.
-- Index: message_thread, from its end.
SELECT id FROM crm.message WHERE thread_id = $1 AND NOT is_removed ORDER BY sent_at DESC, id DESC LIMIT 1
