-- The passages of a message, in order.
-- Index: passage_message_id_number_key.
SELECT number, body FROM crm.passage WHERE message_id = $1 ORDER BY number
