-- Whether any job of the drain is left.
-- Index: run_claim or run_claim_keyed; run_held_by for those that run.
SELECT EXISTS (SELECT FROM headrace.run WHERE state = 'waiting' AND limit_key IS NULL AND queue = 'default' AND priority = 2
                      AND run_at <= statement_timestamp())
    OR EXISTS (SELECT FROM headrace.run WHERE state = 'waiting' AND limit_key IS NOT NULL AND queue = 'default' AND priority = 2)
    OR EXISTS (SELECT FROM headrace.run WHERE state = 'processing' AND kind = 'idle-errand')
