-- Removes threads without messages; nothing else points to them.
-- Index: thread_pkey, message_thread; the owner is locked.
DELETE FROM crm.thread WHERE id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM crm.message WHERE message.thread_id = thread.id)
