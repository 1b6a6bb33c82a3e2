-- The messages that insights rest on.
-- Index: message_pkey.
SELECT id, subject, direction, sent_at FROM crm.message WHERE id = ANY ($1::bigint[])
