-- Puts a contact's stats in the place of those it has; nothing where the contact was removed.
-- Lock: the contact first, then its stats, as whoever removes a contact does.
WITH existing AS MATERIALIZED (
    SELECT id, owner_id FROM crm.contact WHERE id = $1 FOR KEY SHARE
)
INSERT INTO crm.contact_stats AS stats (contact_id, owner_id, sent, received, first_at, last_at, last_sent_at,
                                        last_received_at, version)
SELECT id, owner_id, $2, $3, $4::timestamptz, $5::timestamptz, $6::timestamptz, $7::timestamptz, 1 FROM existing
ON CONFLICT (contact_id) DO UPDATE
SET sent = excluded.sent, received = excluded.received, first_at = excluded.first_at, last_at = excluded.last_at,
    last_sent_at = excluded.last_sent_at, last_received_at = excluded.last_received_at,
    version = stats.version + 1, updated_at = clock_timestamp()
RETURNING owner_id, contact_id
