-- Those of these messages that are to be found and have no passage yet: neither bulk nor removed, in id order.
-- Index: message_pkey; passage_message_id_number_key.
SELECT id, owner_id, subject, body_text, sent_at FROM crm.message
WHERE id = ANY ($1::bigint[]) AND NOT is_bulk AND NOT is_removed
  AND NOT EXISTS (SELECT FROM crm.passage WHERE passage.message_id = message.id)
ORDER BY id
