-- Passages with the message or person they are of.
-- Index: passage_pkey, message_pkey, contact_pkey.
SELECT passage.id, passage.owner_id, passage.kind, passage.title, passage.body, passage.occurred_at, passage.message_id,
       coalesce(passage.contact_id, author.contact_id) AS contact_id, message.thread_id, message.subject,
       message.sender_email, message.sender_name, message.direction, contact.name, contact.addresses
FROM crm.passage
LEFT JOIN crm.message ON message.id = passage.message_id
LEFT JOIN crm.contact_address AS author
    ON author.owner_id = message.owner_id AND author.email = message.sender_email
LEFT JOIN crm.contact ON contact.id = coalesce(passage.contact_id, author.contact_id)
WHERE passage.id = ANY ($1::bigint[])
