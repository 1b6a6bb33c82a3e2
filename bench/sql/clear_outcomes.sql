-- Forgets what was done in earlier rounds, and leaves what waits.
-- Lock: ACCESS EXCLUSIVE on each; no worker runs meanwhile.
TRUNCATE headrace.outcome, headrace.failure, headrace.progress
