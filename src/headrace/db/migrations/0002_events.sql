-- Events: the log, the streams, the safe head and the checkpoints of subscriptions.

CREATE TABLE headrace.event (
    position        bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    id              uuid NOT NULL,
    type            text NOT NULL,
    schema_version  smallint NOT NULL,
    tenant_id       text NOT NULL DEFAULT '',
    user_id         text,
    aggregate_type  text,
    aggregate_id    text,
    stream_version  bigint,
    data            jsonb NOT NULL,
    source          text NOT NULL,
    correlation_id  uuid NOT NULL,
    causation_id    uuid,
    causation_kind  text,
    actor           text,
    traceparent     text,
    occurred_at     timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT event_stream_whole CHECK (num_nonnulls(aggregate_type, aggregate_id, stream_version) IN (0, 3))
) PARTITION BY RANGE (position);
COMMENT ON TABLE headrace.event IS 'The log. Append-only; positions are drawn by the column default alone, after the stream is locked.';

CREATE INDEX event_stream ON headrace.event (tenant_id, aggregate_type, aggregate_id, stream_version)
    WHERE aggregate_type IS NOT NULL;

CREATE TABLE headrace.event_default PARTITION OF headrace.event DEFAULT;

CREATE TABLE headrace.stream (
    tenant_id       text NOT NULL DEFAULT '',
    aggregate_type  text NOT NULL,
    aggregate_id    text NOT NULL,
    version         bigint NOT NULL,
    PRIMARY KEY (tenant_id, aggregate_type, aggregate_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE headrace.stream IS 'The version of every stream; its row is the lock that orders appends to it.';

CREATE TABLE headrace.head (
    is_only     boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    position    bigint NOT NULL,
    settled_at  timestamptz NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE headrace.head IS 'The safe head: every position up to it is committed or dead for good.';
INSERT INTO headrace.head (position, settled_at) VALUES (0, clock_timestamp());

CREATE TABLE headrace.subscription (
    name         text PRIMARY KEY,
    mode         text NOT NULL CHECK (mode IN ('job', 'ordered')),
    lane_count   smallint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE headrace.subscription IS 'The durable readers of the log. The number of lanes is fixed once one has begun.';

CREATE TABLE headrace.checkpoint (
    subscription  text NOT NULL REFERENCES headrace.subscription ON DELETE CASCADE,
    lane          smallint NOT NULL,
    position      bigint NOT NULL,
    event_count   bigint NOT NULL DEFAULT 0,
    failure_count integer NOT NULL DEFAULT 0,
    retry_at      timestamptz,
    last_error    jsonb,
    moved_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subscription, lane)
) WITH (fillfactor = 30);
COMMENT ON TABLE headrace.checkpoint IS
    'How far each lane of a subscription is. Its row is the lane''s lease: locked for the transaction that also holds the effects.';

CREATE FUNCTION headrace.lane_of(tenant_id text, aggregate_type text, aggregate_id text, lane_count integer)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    (hashtextextended(
        tenant_id || E'\x1f' || coalesce(aggregate_type, '') || E'\x1f' || coalesce(aggregate_id, ''), 0
    ) & 9223372036854775807) % lane_count
)::integer;
COMMENT ON FUNCTION headrace.lane_of IS
    'The lane of a stream, or of a tenant''s events outside any stream: 0 to lane_count - 1.';

CREATE FUNCTION headrace.ensure_event_partition(size bigint, ahead integer) RETURNS integer
LANGUAGE plpgsql
-- Attaching waits for the default partition; who waits behind it must not wait long.
SET lock_timeout = '2s'
AS $$
DECLARE
    -- The identity's next number is read from the sequence; only INSERTs draw from it.
    next_position bigint := (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END
                             FROM headrace.event_position_seq);
    low bigint;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.ensure_event_partition', 0));
    FOR i IN 0..ahead LOOP
        low := ((next_position - 1) / size + i) * size + 1;
        name := 'event_' || low;
        IF to_regclass('headrace.' || name) IS NULL THEN
            EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
            IF EXISTS (SELECT FROM headrace.event_default WHERE position >= low AND position < low + size) THEN
                -- Events overran the partitions made ahead. Writers to the default partition wait while they move.
                LOCK TABLE headrace.event_default IN ACCESS EXCLUSIVE MODE;
                EXECUTE format('WITH stray AS (DELETE FROM headrace.event_default '
                               'WHERE position >= %s AND position < %s RETURNING *) '
                               'INSERT INTO headrace.%I SELECT * FROM stray', low, low + size, name);
            END IF;
            EXECUTE format('ALTER TABLE headrace.event ATTACH PARTITION headrace.%I FOR VALUES FROM (%s) TO (%s)',
                           name, low, low + size);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION headrace.ensure_event_partition IS
    'Makes the partition of the next position and so many after it. Returns how many were made.';

SELECT headrace.ensure_event_partition(10000000, 1);
