-- Ends the readings of an account's mailbox that are under way, and drops what they staged: nobody will fetch it.
-- Index: import_account, import_item_pkey; the owner is locked.
WITH ended AS (
    UPDATE crm.import SET read_at = coalesce(read_at, $2), stored_at = $2, error = $3
    WHERE account_id = $1 AND stored_at IS NULL
    RETURNING job_id
)
DELETE FROM crm.import_item USING ended WHERE import_item.import_id = ended.job_id
