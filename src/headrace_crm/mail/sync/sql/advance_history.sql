-- Moves a mailbox on to where all changes are stored.
-- Index: mailbox_pkey; the owner is locked.
UPDATE crm.mailbox SET history_id = $2, looked_at = $3 WHERE account_id = $1
