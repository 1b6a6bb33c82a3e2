-- Empties the engine's job tables between rounds.
-- Lock: ACCESS EXCLUSIVE on each; no worker runs meanwhile.
TRUNCATE headrace.job, headrace.run, headrace.outcome, headrace.failure, headrace.progress
