-- Replays: handlers that meet history again beside their subscriptions, and how far each is.

CREATE TABLE headrace.replay (
    id           uuid PRIMARY KEY,
    handler      text NOT NULL,
    filter       jsonb NOT NULL,
    has_effects  boolean NOT NULL,
    batch_size   integer NOT NULL,
    after        bigint NOT NULL,
    until        bigint NOT NULL,
    position     bigint NOT NULL,
    cursor       bigint NOT NULL,
    event_count  bigint NOT NULL DEFAULT 0,
    withheld     jsonb NOT NULL DEFAULT '{}',
    job_id       uuid,
    actor        text NOT NULL,
    reason       text,
    begun_at     timestamptz NOT NULL,
    paused_at    timestamptz,
    ended_at     timestamptz,
    is_cancelled boolean NOT NULL DEFAULT false,
    last_error   jsonb
) WITH (fillfactor = 50);
COMMENT ON TABLE headrace.replay IS
    'Handlers that meet events again: which events, up to where, how far. Its row is locked for the transaction that holds a batch''s effects; job_id is who may go on.';
