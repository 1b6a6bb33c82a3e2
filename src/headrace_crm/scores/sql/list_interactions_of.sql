-- The interactions of contacts, in order of time.
-- Index: interaction_contact; message_pkey.
SELECT interaction.contact_id, interaction.occurred_at, interaction.direction, message.thread_id
FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.contact_id = ANY ($1::uuid[])
ORDER BY interaction.occurred_at
