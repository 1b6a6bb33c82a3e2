-- A page of the ended jobs of a range of ids that need not stay, in id order.
-- Index: outcome_pkey in the partition of the day; dependency_followed and run_pkey for each.
SELECT outcome.job_id FROM headrace.outcome
WHERE outcome.job_id >= $1 AND outcome.job_id < $2
  AND outcome.ended_at <= $7::timestamptz - CASE outcome.state
      WHEN 'completed' THEN $3::interval WHEN 'failed' THEN $4::interval WHEN 'cancelled' THEN $5::interval WHEN 'dead' THEN $6::interval
  END
  AND NOT EXISTS (
      SELECT FROM headrace.dependency JOIN headrace.run ON run.job_id = dependency.job_id
      WHERE dependency.depends_on = outcome.job_id)
ORDER BY outcome.job_id LIMIT $8
