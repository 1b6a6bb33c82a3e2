-- The newest messages that contacts wrote to the owner, each with who it is from.
-- Index: interaction_contact backwards, for each contact; message_pkey.
SELECT wanted.contact_id, newest.*
FROM unnest($1::uuid[]) AS wanted (contact_id)
CROSS JOIN LATERAL (
    SELECT message.id, coalesce(message.sender_email, '') AS sender_email,
           coalesce(message.sender_name, '') AS sender_name, message.sent_at, left(message.body_text, $3) AS body_text
    FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
    WHERE interaction.contact_id = wanted.contact_id AND interaction.direction = 'received'
    ORDER BY interaction.occurred_at DESC, message.message_key DESC LIMIT $2
) AS newest
ORDER BY wanted.contact_id, newest.sent_at DESC, newest.id DESC
