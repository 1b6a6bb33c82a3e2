-- Counts a change for contacts with interactions in threads that merged.
-- Index: message_thread, interaction_pkey, contact_stats_pkey; stats are locked in id order.
WITH touched AS MATERIALIZED (
    SELECT contact_id FROM crm.contact_stats
    WHERE contact_id IN (
        SELECT interaction.contact_id FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
        WHERE message.thread_id = ANY ($1::bigint[])
    )
    ORDER BY contact_id FOR UPDATE
)
UPDATE crm.contact_stats SET version = version + 1, updated_at = clock_timestamp()
FROM touched WHERE contact_stats.contact_id = touched.contact_id
RETURNING contact_stats.owner_id, contact_stats.contact_id
