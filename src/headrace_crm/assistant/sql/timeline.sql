-- Messages dealt in with a contact before one of them, the newest first, with how their own words begin.
-- Index: interaction_contact, from its end; message_pkey; passage_message_id_number_key.
SELECT
    message.id,
    message.thread_id,
    interaction.occurred_at,
    interaction.direction,
    message.subject,
    left(coalesce(passage.body, message.body_text), $4) AS body
FROM crm.interaction
JOIN crm.message ON message.id = interaction.message_id
LEFT JOIN crm.passage ON passage.message_id = message.id AND passage.number = 0
WHERE interaction.contact_id = $1
    AND ($2::bigint IS NULL OR (interaction.occurred_at, interaction.message_id) < (
        SELECT mark.occurred_at, mark.message_id FROM crm.interaction AS mark
        WHERE mark.contact_id = $1 AND mark.message_id = $2
    ))
ORDER BY interaction.occurred_at DESC, interaction.message_id DESC
LIMIT $3
