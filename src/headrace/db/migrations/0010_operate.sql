-- Dead letters by group, and the jobs that depend on one.

CREATE INDEX outcome_dead ON headrace.outcome (kind, ended_at) WHERE state = 'dead';

CREATE INDEX dependency_followed ON headrace.dependency (depends_on, job_id);
COMMENT ON INDEX headrace.dependency_followed IS 'Whether a living job still needs what became of an ended one.';
