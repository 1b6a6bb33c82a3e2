-- Forgets what binds messages into threads that have none left.
-- Index: thread_link_thread, message_thread; the owner is locked.
DELETE FROM crm.thread_link AS link WHERE thread_id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM crm.message WHERE message.thread_id = link.thread_id)
