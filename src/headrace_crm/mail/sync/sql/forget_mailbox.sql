-- Forgets what a mailbox holds; what was stored of it stays.
-- Index: mailbox_pkey, mailbox_message_pkey.
DELETE FROM crm.mailbox WHERE account_id = $1
