-- How many jobs of a range of ids must stay, and how many of its ended ones need not; each counted up to a bound.
-- Index: the partition of the day is read, and as much of run and dependency_followed as falls into it.
WITH kept AS MATERIALIZED (
    SELECT id FROM headrace.kept_jobs($1, $2, $3, $4, $5, $6, $7) AS id LIMIT $8 + 1
)
SELECT (SELECT count(*) FROM kept) AS kept_count,
       (SELECT count(*) FROM (
           SELECT FROM headrace.outcome
           WHERE outcome.job_id >= $1 AND outcome.job_id < $2
             AND outcome.ended_at <= $7::timestamptz - CASE outcome.state
                 WHEN 'completed' THEN $3::interval WHEN 'failed' THEN $4 WHEN 'cancelled' THEN $5 WHEN 'dead' THEN $6
             END
             AND NOT EXISTS (
                 SELECT FROM headrace.dependency JOIN headrace.run ON run.job_id = dependency.job_id
                 WHERE dependency.depends_on = outcome.job_id)
           LIMIT $9
       ) AS part) AS expired_count
