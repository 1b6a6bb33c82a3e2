-- The pace of the last drain, by the database's clock: how long it took, and jobs a second in its first tenth and its last.
-- Index: none; reads the outcomes once, after the drain. Jobs are recorded in batches: a tenth ends with a batch.
WITH ended AS (
    SELECT claimed_at, ended_at FROM headrace.outcome WHERE state = 'completed' AND kind = 'idle-errand'
), whole AS (
    SELECT count(*)::float8 AS done, min(claimed_at) AS began_at, max(ended_at) AS ended_at FROM ended
), course AS (
    SELECT ended_at, sum(count(*)) OVER (ORDER BY ended_at)::float8 AS done FROM ended GROUP BY ended_at
)
SELECT whole.done::integer AS done, extract(epoch FROM whole.ended_at - whole.began_at)::float8 AS seconds,
       first_tenth.done / extract(epoch FROM first_tenth.ended_at - whole.began_at)::float8 AS first_pace,
       (whole.done - last_tenth.done) / extract(epoch FROM whole.ended_at - last_tenth.ended_at)::float8 AS last_pace
FROM whole,
     LATERAL (SELECT * FROM course WHERE done >= whole.done * 0.1 ORDER BY ended_at LIMIT 1) AS first_tenth,
     LATERAL (SELECT * FROM course WHERE done <= whole.done * 0.9 ORDER BY ended_at DESC LIMIT 1) AS last_tenth
