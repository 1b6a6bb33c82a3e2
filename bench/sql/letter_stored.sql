-- Whether a message of a server's mailbox is stored.
-- Index: mailbox_message_pkey.
SELECT EXISTS (SELECT FROM crm.mailbox_message WHERE account_id = $1 AND provider_id = $2 AND message_key IS NOT NULL)
