-- Messages that answer another one that is stored, in an order that every import of the same mail gives.
-- Index: message_owner_id_message_key_key; reads all of them.
SELECT reply.id, reply.thread_id, reply.body_text FROM crm.message AS reply
WHERE NOT reply.is_bulk
  AND EXISTS (SELECT FROM crm.message AS parent
              WHERE parent.owner_id = reply.owner_id AND parent.message_id = ANY (reply.in_reply_to)
                AND parent.thread_id = reply.thread_id AND parent.id <> reply.id AND NOT parent.is_bulk)
ORDER BY reply.sent_at, reply.message_key
