-- The second index of the log.
-- Index: the same columns and condition as event_stream.
CREATE INDEX plain_event_stream ON plain_event (tenant_id, aggregate_type, aggregate_id, stream_version)
    WHERE aggregate_type IS NOT NULL
