-- An owner's newest interactions of a time, with whom and about what.
-- Index: interaction_recent, from its end; contact_pkey, message_pkey.
SELECT interaction.occurred_at, interaction.contact_id, contact.name, interaction.direction, message.subject
FROM crm.interaction
JOIN crm.contact ON contact.id = interaction.contact_id
JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.owner_id = $1 AND interaction.occurred_at BETWEEN $2 AND $3
ORDER BY interaction.occurred_at DESC, interaction.message_id DESC
LIMIT $4
