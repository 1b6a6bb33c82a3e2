-- Calls a label something else.
-- Index: mailbox_label_pkey; the owner is locked.
UPDATE crm.mailbox_label SET name = $4 WHERE owner_id = $1 AND label_id = $2 AND account_id = $3
