-- Which addresses of one full name mail binds: one gives the other in Reply-To, or both wrote in one conversation.
-- Index: message_address_email for each address, message_address_pkey, message_pkey; the owner is locked.
WITH asked AS (
    SELECT email, full_name FROM unnest($2::text[], $3::text[]) AS asked (email, full_name)
), written AS MATERIALIZED (
    SELECT DISTINCT named.email, named.message_id, message.thread_id
    FROM crm.message_address AS named JOIN crm.message ON message.id = named.message_id
    WHERE named.owner_id = $1 AND named.role = 'from' AND named.email IN (SELECT email FROM asked)
)
SELECT author.email, other.email AS other
FROM asked AS author
JOIN asked AS other ON other.full_name = author.full_name AND other.email <> author.email
JOIN written ON written.email = author.email
JOIN crm.message_address AS answered
  ON answered.message_id = written.message_id AND answered.role = 'reply_to' AND answered.email = other.email
UNION
SELECT author.email, other.email
FROM asked AS author
JOIN asked AS other ON other.full_name = author.full_name AND other.email > author.email
JOIN (SELECT DISTINCT email, thread_id FROM written) AS here ON here.email = author.email
JOIN (SELECT DISTINCT email, thread_id FROM written) AS there ON there.email = other.email AND there.thread_id = here.thread_id
ORDER BY email, other
