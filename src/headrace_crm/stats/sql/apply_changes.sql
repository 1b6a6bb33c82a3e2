-- Adds changes to the stats of contacts that exist.
-- Lock: contacts first, then stats, both in id order, as whoever removes a contact does.
WITH change AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                         $7::timestamptz[], $8::timestamptz[], $9::bigint[])
        AS change (contact_id, owner_id, sent, received, first_sent_at, last_sent_at, first_received_at,
                   last_received_at, event_count)
), existing AS MATERIALIZED (
    SELECT id FROM crm.contact WHERE id IN (SELECT contact_id FROM change) ORDER BY id FOR KEY SHARE
)
INSERT INTO crm.contact_stats AS stats (contact_id, owner_id, sent, received, first_at, last_at, last_sent_at,
                                        last_received_at, version)
SELECT change.contact_id, change.owner_id, change.sent, change.received,
       least(change.first_sent_at, change.first_received_at), greatest(change.last_sent_at, change.last_received_at),
       change.last_sent_at, change.last_received_at, change.event_count
FROM existing JOIN change ON change.contact_id = existing.id
ORDER BY change.contact_id
ON CONFLICT (contact_id) DO UPDATE
SET sent = stats.sent + excluded.sent, received = stats.received + excluded.received,
    first_at = least(stats.first_at, excluded.first_at), last_at = greatest(stats.last_at, excluded.last_at),
    last_sent_at = greatest(stats.last_sent_at, excluded.last_sent_at),
    last_received_at = greatest(stats.last_received_at, excluded.last_received_at),
    version = stats.version + excluded.version, updated_at = clock_timestamp()
RETURNING owner_id, contact_id
