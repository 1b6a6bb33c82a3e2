-- The messages of a thread that stand nearest to a moment: so many before it and so many from it on, in order of time.
-- Index: message_thread, both ways from the moment.
SELECT * FROM (
    (SELECT id, sent_at, direction, sender_email, sender_name, subject FROM crm.message
     WHERE thread_id = $1 AND sent_at < $2 AND NOT is_removed ORDER BY sent_at DESC LIMIT $3)
    UNION ALL
    (SELECT id, sent_at, direction, sender_email, sender_name, subject FROM crm.message
     WHERE thread_id = $1 AND sent_at >= $2 AND NOT is_removed ORDER BY sent_at LIMIT $3)
) AS near
ORDER BY sent_at, id
