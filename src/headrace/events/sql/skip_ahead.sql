-- Moves lanes of some subscriptions over stretches of the log that hold nothing for them.
-- Lock: the checkpoints' rows (checkpoint_pkey) by subscription and lane; one at work elsewhere is left to it.
WITH free AS (
    SELECT checkpoint.subscription, checkpoint.lane, passed.reach
    FROM headrace.checkpoint
    JOIN unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::integer[])
        AS passed (subscription, lane, position, reach, generation)
      ON checkpoint.subscription = passed.subscription AND checkpoint.lane = passed.lane
     AND checkpoint.position = passed.position AND checkpoint.generation = passed.generation
    ORDER BY checkpoint.subscription, checkpoint.lane
    FOR UPDATE OF checkpoint SKIP LOCKED
)
UPDATE headrace.checkpoint
SET position = free.reach, failure_count = 0, retry_at = NULL, last_error = NULL, moved_at = clock_timestamp()
FROM free
WHERE checkpoint.subscription = free.subscription AND checkpoint.lane = free.lane
