-- Takes addresses out of the headers of messages.
-- Index: message_address_pkey.
DELETE FROM crm.message_address WHERE message_id = ANY ($1::bigint[]) AND email = ANY ($2::text[])
