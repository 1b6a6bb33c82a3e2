-- The Message-IDs of what addresses wrote to an owner.
-- Index: none for the sender; read once a batch of an erasure.
SELECT message_id FROM crm.message WHERE owner_id = $1 AND sender_email = ANY ($2::text[]) AND message_id IS NOT NULL
