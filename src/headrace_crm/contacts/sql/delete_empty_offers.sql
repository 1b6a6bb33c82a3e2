-- Forgets the subjects that threads without messages offer.
-- Index: thread_offer_thread, message_thread; the owner is locked.
DELETE FROM crm.thread_offer AS offer WHERE thread_id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM crm.message WHERE message.thread_id = offer.thread_id)
