-- Unique keys that are held for a time, whatever became of the job that took them.

CREATE TABLE headrace.unique_hold (
    unique_key  text PRIMARY KEY,
    job_id      uuid NOT NULL,
    until       timestamptz NOT NULL
);
COMMENT ON TABLE headrace.unique_hold IS 'Unique keys with a window: who took each, and until when no other job may. Expired rows are removed.';
CREATE INDEX unique_hold_until ON headrace.unique_hold (until);

COMMENT ON TABLE headrace.job IS
    'What was asked for. Written once (but for a unique job replaced before it began); day partitions through the time in the id.';
