-- Workers without a session lock of their own, and jobs of kinds that nobody handles.

ALTER TABLE headrace.worker ADD COLUMN is_locked boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN headrace.worker.is_locked IS
    'A session lock tells that the process lives. Not so behind a pooler: there the heartbeat alone does.';

ALTER TABLE headrace.run ADD COLUMN shelved_at timestamptz;
COMMENT ON COLUMN headrace.run.shelved_at IS
    'Since when no living worker handles its kind. Such a job is held, so that no claim walks over it.';
CREATE INDEX run_shelved ON headrace.run (kind, shelved_at) WHERE state = 'held' AND shelved_at IS NOT NULL;
