-- Notes that the people of messages were found, and what the messages are to the owner.
-- Index: message_pkey; the owner is locked.
UPDATE crm.message
SET extracted_at = statement_timestamp(), direction = resolved.direction, is_bulk = resolved.is_bulk
FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS resolved (id, direction, is_bulk)
WHERE message.id = resolved.id
