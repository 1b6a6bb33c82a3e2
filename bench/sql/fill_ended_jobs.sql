-- Stores jobs that have ended, a hundredth of them dead and some failed or cancelled, one a millisecond up to a moment.
-- Index: job_pkey, outcome_pkey, outcome_dead, outcome_exceptional, job_correlation.
WITH new AS MATERIALIZED (
    SELECT headrace.uuid7($3::timestamptz - ($2::integer + number) * interval '1 millisecond') AS id, number, $3 AS at
    FROM generate_series(1, $1::integer) AS number
), body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id, created_at)
    SELECT id, 'errand-' || number % 40, 'queue-' || number % 8, 2,
           jsonb_build_object('number', number, 'user', 'user-' || number % 1000, 'note', repeat('n', 90)), 3, id, at
    FROM new
)
INSERT INTO headrace.outcome (job_id, state, attempt, lease, kind, queue, run_at, claimed_at, ended_at, duration, error)
SELECT id,
       CASE WHEN number % 100 = 0 THEN 'dead' WHEN number % 100 = 1 THEN 'failed' WHEN number % 100 = 2 THEN 'cancelled'
            ELSE 'completed' END::headrace.outcome_state,
       1, number, 'errand-' || number % 40, 'queue-' || number % 8, at, at, at, interval '5 milliseconds',
       CASE WHEN number % 100 < 3 THEN jsonb_build_object('type', 'Error' || number % 7, 'message', 'it broke') END
FROM new
