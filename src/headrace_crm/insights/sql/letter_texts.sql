-- The text of letters, cut, and whom their To names.
-- Index: message_pkey, message_address_pkey.
SELECT message.id, left(message.body_text, $2) AS body,
       array(SELECT email FROM crm.message_address WHERE message_id = message.id AND role = 'to') AS to_emails
FROM crm.message WHERE message.id = ANY ($1::bigint[])
