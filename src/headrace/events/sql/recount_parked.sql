-- Counts the parked streams of every lane anew.
-- Lock: the checkpoints' rows, held already.
UPDATE headrace.checkpoint
SET parked_count = (
    SELECT count(*) FROM headrace.parked_stream AS parked
    WHERE parked.subscription = checkpoint.subscription
      AND headrace.parked_lane(parked.tenant_id, parked.aggregate_type, parked.aggregate_id, checkpoint.lane_count)
          = checkpoint.lane
)
WHERE subscription = $1
