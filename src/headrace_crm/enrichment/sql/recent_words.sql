-- The newest messages a contact wrote to the owner.
-- Index: interaction_contact backwards, message_pkey.
SELECT message.id, message.body_text
FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.contact_id = $1 AND interaction.direction = 'received'
ORDER BY interaction.occurred_at DESC, message.id DESC LIMIT $2
