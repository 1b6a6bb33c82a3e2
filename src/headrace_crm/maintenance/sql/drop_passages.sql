-- Removes the passages of messages whose text is another now.
-- Index: passage_message_id_number_key.
DELETE FROM crm.passage WHERE message_id = ANY ($1::bigint[])
