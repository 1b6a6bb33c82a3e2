-- The messages of a thread that stand nearest to a moment, with who sent each: so many before it and so many from it on, in order of time.
-- Index: message_thread, both ways from the moment; contact_address_pkey and contact_pkey for each.
SELECT near.id, near.sent_at, near.direction, near.sender_email, coalesce(contact.name, near.sender_name) AS sender_name, near.subject
FROM (
    (SELECT id, owner_id, sent_at, direction, sender_email, sender_name, subject FROM crm.message
     WHERE thread_id = $1 AND sent_at < $2 AND NOT is_removed ORDER BY sent_at DESC LIMIT $3)
    UNION ALL
    (SELECT id, owner_id, sent_at, direction, sender_email, sender_name, subject FROM crm.message
     WHERE thread_id = $1 AND sent_at >= $2 AND NOT is_removed ORDER BY sent_at LIMIT $3)
) AS near
LEFT JOIN crm.contact_address AS whose ON whose.owner_id = near.owner_id AND whose.email = near.sender_email
LEFT JOIN crm.contact ON contact.id = whose.contact_id
ORDER BY near.sent_at, near.id
