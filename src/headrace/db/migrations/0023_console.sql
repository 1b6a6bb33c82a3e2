-- What operators look for among a million ended jobs: those that did not complete. Few of them are, so the index is small.
CREATE INDEX outcome_exceptional ON headrace.outcome (job_id) WHERE state <> 'completed';
