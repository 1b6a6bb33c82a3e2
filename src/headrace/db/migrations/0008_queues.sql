-- Queues that are paused, who did what to many jobs, and jobs whose end somebody waits for.

CREATE TABLE headrace.queue (
    name         text PRIMARY KEY,
    paused_at    timestamptz,
    paused_by    text,
    pause_reason text
);
COMMENT ON TABLE headrace.queue IS 'What is set for single queues. A queue without a row is an ordinary one.';
COMMENT ON COLUMN headrace.queue.paused_at IS 'Since when no job of it is claimed; NULL where it is not paused.';
CREATE INDEX queue_paused ON headrace.queue (name) WHERE paused_at IS NOT NULL;

CREATE TABLE headrace.operation (
    id              uuid PRIMARY KEY,
    action          text NOT NULL,
    actor           text NOT NULL,
    subject         jsonb NOT NULL,
    reason          text,
    begun_at        timestamptz NOT NULL,
    ended_at        timestamptz,
    total_count     bigint NOT NULL DEFAULT 0,
    seen_count      bigint NOT NULL DEFAULT 0,
    changed_count   bigint NOT NULL DEFAULT 0,
    follower_count  bigint NOT NULL DEFAULT 0,
    after_id        uuid
);
COMMENT ON TABLE headrace.operation IS 'Who did what to queues and to many jobs, and how far that is. Written with what it tells of.';
COMMENT ON COLUMN headrace.operation.subject IS 'The queue, or the filter and the values given.';
COMMENT ON COLUMN headrace.operation.total_count IS 'How many jobs fitted when it began.';
COMMENT ON COLUMN headrace.operation.follower_count IS 'How many other jobs were cancelled because they depended on one of these.';
COMMENT ON COLUMN headrace.operation.after_id IS 'The last job looked at: where it goes on after an interruption.';

ALTER TABLE headrace.run ADD COLUMN is_awaited boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN headrace.run.is_awaited IS 'Somebody waits for the result: who ends the job sends a wake-up.';
