-- Subscriptions that go on: streams that fail are parked, lanes change in number, operators pause, resume, skip and replay.

ALTER TABLE headrace.subscription
    ADD types         text[],
    ADD generation    integer NOT NULL DEFAULT 1,
    ADD paused_at     timestamptz,
    ADD paused_by     text,
    ADD pause_reason  text;
COMMENT ON TABLE headrace.subscription IS
    'The durable readers of the log. A new number of lanes begins a new generation of checkpoints.';

ALTER TABLE headrace.checkpoint
    ADD lane_count      smallint,
    ADD generation      integer NOT NULL DEFAULT 1,
    ADD parked_count    integer NOT NULL DEFAULT 0,
    ADD floor_position  bigint NOT NULL DEFAULT 0;
UPDATE headrace.checkpoint SET lane_count = subscription.lane_count
FROM headrace.subscription WHERE subscription.name = checkpoint.subscription;
ALTER TABLE headrace.checkpoint ALTER lane_count SET NOT NULL;
COMMENT ON COLUMN headrace.checkpoint.parked_count IS
    'How many streams of the lane are parked. It stands in the row that is locked, so that who has the lock knows it.';
COMMENT ON COLUMN headrace.checkpoint.floor_position IS
    'Up to here lane_floor tells what was handled before the number of lanes changed.';

CREATE TABLE headrace.lane_floor (
    subscription  text NOT NULL REFERENCES headrace.subscription ON DELETE CASCADE,
    lane_count    smallint NOT NULL,
    lane          smallint NOT NULL,
    position      bigint NOT NULL,
    PRIMARY KEY (subscription, lane_count, lane)
);
COMMENT ON TABLE headrace.lane_floor IS
    'Where lanes of an earlier number were when that changed: what they had handled is not handled again.';

CREATE TABLE headrace.parked_stream (
    subscription    text NOT NULL REFERENCES headrace.subscription ON DELETE CASCADE,
    tenant_id       text NOT NULL,
    aggregate_type  text NOT NULL,
    aggregate_id    text NOT NULL,
    position        bigint NOT NULL,
    state           text NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'resuming')),
    failure_count   integer NOT NULL,
    last_error      jsonb NOT NULL,
    parked_at       timestamptz NOT NULL,
    PRIMARY KEY (subscription, tenant_id, aggregate_type, aggregate_id)
);
COMMENT ON TABLE headrace.parked_stream IS
    'Streams a subscription has set aside at an event that failed. An event outside any stream is one of its own, of no type and its position as id.';
CREATE INDEX parked_stream_resuming ON headrace.parked_stream (subscription) WHERE state = 'resuming';

CREATE TABLE headrace.parked_event (
    subscription    text NOT NULL,
    tenant_id       text NOT NULL,
    aggregate_type  text NOT NULL,
    aggregate_id    text NOT NULL,
    position        bigint NOT NULL,
    PRIMARY KEY (subscription, tenant_id, aggregate_type, aggregate_id, position),
    FOREIGN KEY (subscription, tenant_id, aggregate_type, aggregate_id) REFERENCES headrace.parked_stream ON DELETE CASCADE
);
COMMENT ON TABLE headrace.parked_event IS
    'The events that wait in parked streams: written in the transaction that moves the checkpoint over them, deleted in the one that handles them.';

CREATE TABLE headrace.subscription_action (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription  text NOT NULL,
    action        text NOT NULL CHECK (action IN ('pause', 'resume', 'skip', 'replay', 'lanes')),
    detail        jsonb NOT NULL,
    reason        text,
    actor         text,
    acted_at      timestamptz NOT NULL
);
COMMENT ON TABLE headrace.subscription_action IS 'What was done to subscriptions by hand, by whom and why. Never deleted.';
CREATE INDEX subscription_action_of ON headrace.subscription_action (subscription, id);

CREATE FUNCTION headrace.parked_lane(tenant_id text, aggregate_type text, aggregate_id text, lane_count integer)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN headrace.lane_of(tenant_id, aggregate_type, CASE WHEN aggregate_type <> '' THEN aggregate_id END, lane_count);
COMMENT ON FUNCTION headrace.parked_lane IS 'The lane of a parked stream: that of its events, as lane_of has it.';

CREATE FUNCTION headrace.position_at(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    -- Whatever is at or below low is older than the moment; what is between high and the head is not.
    low bigint := 0;
    high bigint := (SELECT head.position FROM headrace.head);
    middle bigint;
    next_position bigint;
    next_at timestamptz;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT event.position, event.recorded_at INTO next_position, next_at
        FROM headrace.event WHERE event.position > middle AND event.position <= high
        ORDER BY event.position LIMIT 1;
        IF NOT FOUND OR next_at >= moment THEN
            high := middle;
        ELSE
            low := next_position;
        END IF;
    END LOOP;
    RETURN low;
END $$;
COMMENT ON FUNCTION headrace.position_at IS
    'The position of the last event recorded before a moment, up to the safe head; 0 where there is none. Trusts that the clock never stepped back.';
