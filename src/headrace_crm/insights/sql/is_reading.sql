-- Whether a mailbox of an owner is being read, begun after a moment.
-- Index: the imports of an owner are few.
SELECT EXISTS (
    SELECT FROM crm.import
    WHERE owner_id = $1 AND stored_at IS NULL AND error IS NULL AND started_at > $2
)
