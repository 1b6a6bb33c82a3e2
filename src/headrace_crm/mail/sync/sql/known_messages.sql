-- What is known of these messages of a mailbox.
-- Index: mailbox_message_pkey.
SELECT provider_id, message_key, history_id, labels, gone_at IS NOT NULL AS is_gone
FROM crm.mailbox_message WHERE account_id = $1 AND provider_id = ANY ($2::text[])
