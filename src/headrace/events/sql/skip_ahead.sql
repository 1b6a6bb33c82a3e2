-- Moves lanes over stretches of the log that hold nothing for them.
-- Lock: the checkpoints' rows (checkpoint_pkey) by lane; one at work elsewhere is left to it.
WITH free AS (
    SELECT checkpoint.lane, passed.reach
    FROM headrace.checkpoint
    JOIN unnest($2::integer[], $3::bigint[], $4::bigint[], $5::integer[]) AS passed (lane, position, reach, generation)
      ON checkpoint.lane = passed.lane AND checkpoint.position = passed.position
     AND checkpoint.generation = passed.generation
    WHERE checkpoint.subscription = $1
    ORDER BY checkpoint.lane
    FOR UPDATE OF checkpoint SKIP LOCKED
)
UPDATE headrace.checkpoint
SET position = free.reach, failure_count = 0, retry_at = NULL, last_error = NULL, moved_at = clock_timestamp()
FROM free
WHERE checkpoint.subscription = $1 AND checkpoint.lane = free.lane
