-- A contact's interactions in order of time.
-- Index: interaction_contact, in its order; message_pkey.
SELECT interaction.occurred_at, interaction.direction, message.thread_id
FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.contact_id = $1
ORDER BY interaction.occurred_at
