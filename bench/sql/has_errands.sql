-- Whether any job of the drain is left.
-- Index: run_claim; run_held_by for those that run.
SELECT EXISTS (SELECT FROM headrace.run WHERE state = 'waiting' AND queue = 'default' AND priority = 2
                      AND run_at <= statement_timestamp())
    OR EXISTS (SELECT FROM headrace.run WHERE state = 'processing' AND kind = 'idle-errand')
