-- Counts an owner's days into the read model that a worker has built of an empty log.
-- Index: the primary key of the projection's table.
INSERT INTO crm.user_activity (owner_id, day, emails, contacts, interactions)
SELECT $1::uuid, day, count(*), 3, count(*)
FROM (SELECT (sent_at AT TIME ZONE 'UTC')::date AS day FROM crm.message WHERE owner_id = $1) AS sent
GROUP BY day
