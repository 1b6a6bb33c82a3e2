-- The youngest ended jobs: how long each waited for its last attempt and ran, how it ended, when.
-- Index: outcome_pkey backwards, so many rows.
SELECT state::text AS state, ended_at,
       greatest(0, extract(epoch FROM claimed_at - run_at))::float8 AS wait_seconds,
       extract(epoch FROM duration)::float8 AS run_seconds
FROM headrace.outcome ORDER BY job_id DESC LIMIT $1
