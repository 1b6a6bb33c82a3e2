-- Which of these attempts have ended their job.
-- Index: outcome_pkey.
SELECT outcome.job_id
FROM unnest($1::uuid[], $2::bigint[]) AS one (job_id, lease)
JOIN headrace.outcome ON outcome.job_id = one.job_id AND outcome.lease = one.lease
