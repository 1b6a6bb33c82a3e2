-- Empties the baselines' tables between rounds.
-- Lock: ACCESS EXCLUSIVE on each; no worker runs meanwhile.
TRUNCATE plain_job, plain_event, sketch_job
