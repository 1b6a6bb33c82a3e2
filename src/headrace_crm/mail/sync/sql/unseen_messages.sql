-- Stored messages of a mailbox that a whole pass did not list, in order.
-- Index: mailbox_message_pass.
SELECT provider_id FROM crm.mailbox_message
WHERE account_id = $1 AND pass < $2 AND message_key IS NOT NULL AND gone_at IS NULL
ORDER BY provider_id
