-- Deletes removed messages whose interactions were taken back; returns the thread and the addresses of each.
-- Index: message_removed, in its order; message_address_pkey; the owner is locked.
WITH chosen AS MATERIALIZED (
    SELECT id, thread_id FROM crm.message
    WHERE owner_id = $1 AND is_removed AND extracted_at IS NOT NULL
    ORDER BY id LIMIT $2
), named AS MATERIALIZED (
    SELECT chosen.id, coalesce(array_agg(DISTINCT address.email) FILTER (WHERE address.email IS NOT NULL), '{}') AS emails
    FROM chosen LEFT JOIN crm.message_address AS address ON address.message_id = chosen.id
    GROUP BY chosen.id
)
DELETE FROM crm.message USING chosen JOIN named USING (id)
WHERE message.id = chosen.id
RETURNING chosen.thread_id, named.emails
