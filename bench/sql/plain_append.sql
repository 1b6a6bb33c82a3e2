-- Stores one event in the plain table, its version counted by the caller.
-- Index: plain_event_pkey, plain_event_stream.
INSERT INTO plain_event (id, type, schema_version, aggregate_type, aggregate_id, stream_version, data, source,
                         correlation_id, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10)
