-- Takes every lane of a subscription, waiting for batches at work; where the furthest behind is.
-- Lock: the checkpoints' rows (checkpoint_pkey) by lane, after the subscription's row, by whoever takes more than one.
SELECT min(taken.position)
FROM (
    SELECT position FROM headrace.checkpoint WHERE subscription = $1 ORDER BY lane FOR UPDATE
) AS taken
