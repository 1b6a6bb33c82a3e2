-- How many threads each two of some contacts share, by the newest messages of each, the most first.
-- Index: interaction_contact from its end, so many a contact; message_pkey.
WITH recent AS (
    SELECT person.id AS contact_id, near.message_id
    FROM unnest($1::uuid[]) AS person (id),
         LATERAL (SELECT message_id FROM crm.interaction
                  WHERE interaction.contact_id = person.id ORDER BY occurred_at DESC LIMIT $2) AS near
), threads AS (
    SELECT DISTINCT recent.contact_id, message.thread_id
    FROM recent JOIN crm.message ON message.id = recent.message_id
)
SELECT one.contact_id AS one, other.contact_id AS other, count(*) AS thread_count
FROM threads AS one JOIN threads AS other ON other.thread_id = one.thread_id AND other.contact_id > one.contact_id
GROUP BY one.contact_id, other.contact_id
ORDER BY thread_count DESC, one, other
LIMIT $3
