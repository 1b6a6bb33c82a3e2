-- Appends the event of each message, recorded when it was stored.
-- Index: those of the partition that is written to.
INSERT INTO headrace.event (id, type, schema_version, data, source, correlation_id, occurred_at, recorded_at, retention)
SELECT gen_random_uuid(), 'email.' || direction, 1,
       jsonb_build_object('owner_id', owner_id, 'message_id', id)
           || CASE direction WHEN 'received' THEN '{"is_bulk": false}'::jsonb ELSE '{}' END,
       'crm', headrace.uuid7(), sent_at, stored_at, 'domain'
FROM crm.message
WHERE owner_id = $1
ORDER BY id
