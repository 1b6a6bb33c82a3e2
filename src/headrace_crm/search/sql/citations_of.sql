-- The passages an answer rests on, as far as they are still there, with whose they are.
-- Index: citation_pkey, message_pkey, contact_address_pkey, contact_pkey.
SELECT citation.number, citation.message_id, citation.quote, message.thread_id, contact.id AS contact_id,
       coalesce(message.subject, contact.name) AS title, coalesce(message.sent_at, contact.created_at) AS occurred_at,
       message.sender_email, message.sender_name, contact.name, contact.addresses
FROM crm.citation
LEFT JOIN crm.message ON message.id = citation.message_id
LEFT JOIN crm.contact_address AS author
    ON author.owner_id = message.owner_id AND author.email = message.sender_email
LEFT JOIN crm.contact ON contact.id = coalesce(citation.contact_id, author.contact_id)
WHERE citation.query_id = $1
ORDER BY citation.number
