-- The newest messages dealt in with a contact.
-- Index: interaction_contact, from its end; message_pkey.
SELECT message.id, message.sent_at, interaction.direction, message.subject, message.thread_id
FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.contact_id = $1
ORDER BY interaction.occurred_at DESC, message.id DESC
LIMIT $2
