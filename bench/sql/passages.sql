-- The message and thread of every passage of a message.
-- Index: none; reads all of them.
SELECT passage.id, passage.message_id, message.thread_id
FROM crm.passage JOIN crm.message ON message.id = passage.message_id
