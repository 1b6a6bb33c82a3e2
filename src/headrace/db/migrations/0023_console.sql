-- What operators look for among a million ended jobs: those that did not complete. Few of them are, so the index is small.
CREATE INDEX outcome_exceptional ON headrace.outcome (job_id) WHERE state <> 'completed';

-- The trace of one correlation: its jobs, and its events, in order. Ids of correlations grow with time, so that both are written at their ends.
CREATE INDEX job_correlation ON headrace.job (correlation_id, id);
CREATE INDEX event_correlation ON headrace.event (correlation_id, position);
