-- The interactions recorded of messages.
-- Index: interaction_pkey.
SELECT message_id, contact_id, direction FROM crm.interaction WHERE message_id = ANY ($1::bigint[])
ORDER BY message_id, contact_id
