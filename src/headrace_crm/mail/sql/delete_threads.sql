-- Removes absorbed threads, once nothing points to them.
-- Index: thread_pkey, thread_link_thread, thread_offer_thread, message_thread.
DELETE FROM crm.thread WHERE id = ANY ($1::bigint[])
