-- Schedules: what is enqueued again and again, and when next.

CREATE TABLE headrace.schedule (
    name             text PRIMARY KEY,
    kind             text NOT NULL,
    args             jsonb NOT NULL,
    cron             text,
    timezone         text NOT NULL,
    every            interval,
    catch_up         text NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
    catch_up_limit   integer NOT NULL CHECK (catch_up_limit > 0),
    queue            text NOT NULL,
    priority         smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
    max_attempts     smallint NOT NULL CHECK (max_attempts > 0),
    tenant_id        text NOT NULL DEFAULT '',
    user_id          text,
    source           text NOT NULL CHECK (source IN ('code', 'runtime')),
    app              text NOT NULL,
    declaration      jsonb,
    is_paused        boolean NOT NULL DEFAULT false,
    paused_by        text,
    disabled_because text,
    anchor_at        timestamptz NOT NULL,
    next_at          timestamptz,
    last_at          timestamptz,
    last_job_id      uuid,
    created_at       timestamptz NOT NULL,
    edited_at        timestamptz,
    edited_by        text,
    revision         integer NOT NULL DEFAULT 1,
    CHECK ((cron IS NULL) <> (every IS NULL)),
    CHECK (next_at IS NULL OR (NOT is_paused AND disabled_because IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE headrace.schedule IS 'What is enqueued at every tick. A tick''s job and the move of next_at are one commit.';
COMMENT ON COLUMN headrace.schedule.app IS 'The app that declares it in code, or through which it was made.';
COMMENT ON COLUMN headrace.schedule.declaration IS 'What the code said when it was last taken over; an edit holds until the code says something else.';
COMMENT ON COLUMN headrace.schedule.disabled_because IS 'Why it does not tick though nobody paused it: no longer declared, declared as disabled, or unreadable.';
COMMENT ON COLUMN headrace.schedule.anchor_at IS 'What the ticks of an interval are counted from.';
COMMENT ON COLUMN headrace.schedule.next_at IS 'The tick to fire next. Whoever moves it on fires it: nobody else can.';
COMMENT ON COLUMN headrace.schedule.revision IS 'Goes up with every change but a tick, so that a tick decided before the change is not fired after it.';

CREATE INDEX schedule_due ON headrace.schedule (next_at) WHERE next_at IS NOT NULL;
