-- The newest messages dealt in with a contact, up to a moment, with their labels by name.
-- Index: interaction_contact, from its end; message_pkey, mailbox_label_pkey, mailbox_message_key.
SELECT message.id, message.sent_at, interaction.direction, message.subject, message.thread_id,
       crm.label_names(message.owner_id, message.message_key, message.labels) AS labels
FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.contact_id = $1 AND ($3::timestamptz IS NULL OR interaction.occurred_at <= $3)
ORDER BY interaction.occurred_at DESC, message.id DESC
LIMIT $2
