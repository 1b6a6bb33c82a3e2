-- Messages between an owner and people, of a time, with those people's names.
-- Index: interaction_recent; message_pkey, contact_pkey.
SELECT message.thread_id, message.id AS message_id, message.direction, message.sent_at, message.subject,
       array_agg(contact.name ORDER BY contact.name) AS people
FROM crm.interaction
JOIN crm.message ON message.id = interaction.message_id
JOIN crm.contact ON contact.id = interaction.contact_id
WHERE interaction.owner_id = $1 AND interaction.occurred_at BETWEEN $2 AND $3
GROUP BY message.id
