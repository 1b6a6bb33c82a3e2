-- Takes every lane of a subscription back to a position, those further on; where the furthest was.
-- Lock: the checkpoints' rows, held already.
WITH before AS (
    SELECT lane, position FROM headrace.checkpoint WHERE subscription = $1
),
rewound AS (
    UPDATE headrace.checkpoint
    SET position = least(position, $2::bigint), failure_count = 0, retry_at = NULL, last_error = NULL,
        moved_at = clock_timestamp()
    WHERE subscription = $1
)
SELECT max(position) FROM before
