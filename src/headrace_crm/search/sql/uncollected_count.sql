-- How many of an owner's messages are to be found and have no passage yet.
-- Index: passage_message_id_number_key, as a set beside the owner's messages.
SELECT count(*) FROM crm.message
WHERE owner_id = $1 AND NOT is_bulk AND NOT EXISTS (SELECT FROM crm.passage WHERE passage.message_id = message.id)
