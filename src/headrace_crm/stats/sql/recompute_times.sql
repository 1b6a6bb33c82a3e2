-- Takes the first and last times of contacts from their interactions anew, after some were retracted.
-- Index: interaction_contact, contact_stats_pkey; the rows are locked already.
UPDATE crm.contact_stats AS stats
SET first_at = found.first_at, last_at = found.last_at, last_sent_at = found.last_sent_at,
    last_received_at = found.last_received_at
FROM (
    SELECT wanted.contact_id, min(interaction.occurred_at) AS first_at, max(interaction.occurred_at) AS last_at,
           max(interaction.occurred_at) FILTER (WHERE interaction.direction = 'sent') AS last_sent_at,
           max(interaction.occurred_at) FILTER (WHERE interaction.direction = 'received') AS last_received_at
    FROM unnest($1::uuid[]) AS wanted (contact_id)
    LEFT JOIN crm.interaction ON interaction.contact_id = wanted.contact_id
    GROUP BY wanted.contact_id
) AS found
WHERE stats.contact_id = found.contact_id
