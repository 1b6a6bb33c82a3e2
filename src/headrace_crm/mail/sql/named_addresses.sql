-- Who messages name, in header order.
-- Index: message_address_pkey.
SELECT message_id, role, email, name FROM crm.message_address WHERE message_id = ANY ($1::bigint[])
ORDER BY message_id, position
