-- Begins a generation of lanes where the furthest behind of the last one was, with the floors of the earlier ones.
-- Lock: the subscription's row is held; checkpoint_pkey.
INSERT INTO headrace.checkpoint
    (subscription, lane, lane_count, generation, position, event_count, floor_position, parked_count)
SELECT subscription.name, lane, subscription.lane_count, subscription.generation, $2,
       CASE WHEN lane = 0 THEN $3::bigint ELSE 0 END,
       coalesce((SELECT max(passed.position) FROM headrace.lane_floor AS passed WHERE passed.subscription = $1), 0),
       (
           SELECT count(*) FROM headrace.parked_stream AS parked
           WHERE parked.subscription = $1
             AND headrace.parked_lane(parked.tenant_id, parked.aggregate_type, parked.aggregate_id, subscription.lane_count)
                 = lane
       )
FROM headrace.subscription CROSS JOIN LATERAL generate_series(0, subscription.lane_count - 1) AS lane
WHERE subscription.name = $1
