-- Lets lanes that rest after a failure be tried again at once; how many.
-- Lock: the checkpoints' rows (checkpoint_pkey); they are resting, so nobody works on them.
WITH ended AS (
    UPDATE headrace.checkpoint SET retry_at = NULL WHERE subscription = $1 AND retry_at IS NOT NULL RETURNING lane
)
SELECT count(*) FROM ended
