-- Deletes a batch of the oldest pushes received before a moment; how many.
-- Index: push_message_received, then push_message_pkey. An array, so that no plan reads the whole table to join a batch.
WITH gone AS (
    DELETE FROM crm.push_message
    WHERE message_id = ANY (ARRAY(
        SELECT old.message_id FROM crm.push_message AS old
        WHERE old.received_at < $1 ORDER BY old.received_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT count(*) FROM gone
