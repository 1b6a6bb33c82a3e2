-- Deletes a batch of the oldest pushes received before a moment; how many.
-- Index: push_message_received.
WITH old AS (
    SELECT message_id FROM crm.push_message WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM crm.push_message USING old WHERE push_message.message_id = old.message_id RETURNING 1
)
SELECT count(*) FROM gone
