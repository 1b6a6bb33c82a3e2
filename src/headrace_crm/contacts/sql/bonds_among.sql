-- Which addresses of one full name mail binds, and by which message first: one gives the other in Reply-To, or both wrote in one conversation.
-- Index: message_address_email for each address, message_address_pkey, message_pkey; the owner is locked.
WITH asked AS (
    SELECT email, full_name FROM unnest($2::text[], $3::text[]) AS asked (email, full_name)
), written AS MATERIALIZED (
    SELECT named.email, message.thread_id, named.message_id
    FROM crm.message_address AS named JOIN crm.message ON message.id = named.message_id
    WHERE named.owner_id = $1 AND named.role = 'from' AND named.email IN (SELECT email FROM asked)
), spoke AS MATERIALIZED (
    SELECT email, thread_id, min(message_id) AS message_id FROM written GROUP BY email, thread_id
)
SELECT author.email, other.email AS other, 'reply_to' AS way, min(answered.message_id) AS message_id
FROM asked AS author
JOIN asked AS other ON other.full_name = author.full_name AND other.email <> author.email
JOIN written ON written.email = author.email
JOIN crm.message_address AS answered
  ON answered.message_id = written.message_id AND answered.role = 'reply_to' AND answered.email = other.email
GROUP BY author.email, other.email
UNION ALL
SELECT author.email, other.email, 'conversation', min(greatest(here.message_id, there.message_id))
FROM asked AS author
JOIN asked AS other ON other.full_name = author.full_name AND other.email > author.email
JOIN spoke AS here ON here.email = author.email
JOIN spoke AS there ON there.email = other.email AND there.thread_id = here.thread_id
GROUP BY author.email, other.email
ORDER BY email, other, way
