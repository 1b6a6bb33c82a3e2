-- The newest letters of each of some contacts up to a moment.
-- Index: interaction_contact, from its end, $3 entries a contact; message_pkey.
SELECT wanted.contact_id, message.id AS message_id, message.thread_id, newest.direction, newest.occurred_at,
       message.subject, coalesce(message.sender_email, '') AS sender,
       NOT (message.is_bulk OR message.is_automated) AS is_for_people
FROM unnest($1::uuid[]) AS wanted (contact_id)
CROSS JOIN LATERAL (
    SELECT message_id, direction, occurred_at FROM crm.interaction
    WHERE contact_id = wanted.contact_id AND occurred_at <= $2
    ORDER BY occurred_at DESC, message_id DESC LIMIT $3
) AS newest
JOIN crm.message ON message.id = newest.message_id
ORDER BY newest.occurred_at, message.id
