-- Everybody with an interaction in one of these threads.
-- Index: message_thread, interaction_pkey.
SELECT DISTINCT interaction.owner_id, interaction.contact_id
FROM crm.message JOIN crm.interaction ON interaction.message_id = message.id
WHERE message.thread_id = ANY ($1::bigint[])
