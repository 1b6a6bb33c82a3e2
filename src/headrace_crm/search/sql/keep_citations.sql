-- Keeps the passages an answer rests on, but for those of messages and people that have gone meanwhile.
-- Index: citation_pkey; the messages and contacts are locked against their removal.
INSERT INTO crm.citation (query_id, number, message_id, contact_id, quote)
SELECT $1, given.number, message.id, contact.id, given.quote
FROM unnest($2::smallint[], $3::bigint[], $4::uuid[], $5::text[]) AS given (number, message_id, contact_id, quote)
LEFT JOIN (SELECT id FROM crm.message WHERE id = ANY ($3) ORDER BY id FOR KEY SHARE) AS message
    ON message.id = given.message_id
LEFT JOIN (SELECT id FROM crm.contact WHERE id = ANY ($4) ORDER BY id FOR KEY SHARE) AS contact
    ON contact.id = given.contact_id
WHERE num_nonnulls(message.id, contact.id) = 1
