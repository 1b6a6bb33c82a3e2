-- Whether a mailbox of an owner is being read, begun after a moment; and how many people wait to be looked at, $3 at most.
-- Index: the imports of an owner are few; insight_due_pkey.
SELECT EXISTS (
    SELECT FROM crm.import
    WHERE owner_id = $1 AND stored_at IS NULL AND error IS NULL AND started_at > $2
) AS is_reading,
(SELECT count(*) FROM (SELECT FROM crm.insight_due WHERE owner_id = $1 LIMIT $3) AS due) AS due_count
