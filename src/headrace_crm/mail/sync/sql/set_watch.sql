-- Notes until when a mailbox is pushed of.
-- Index: mailbox_pkey.
UPDATE crm.mailbox SET watch_expires_at = $2 WHERE account_id = $1
