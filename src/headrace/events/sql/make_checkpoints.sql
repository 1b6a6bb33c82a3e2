-- Makes the checkpoints of a new subscription: at the beginning of the log, at its safe head, or before a moment.
-- Index: checkpoint_pkey; none is made where the subscription has some.
INSERT INTO headrace.checkpoint (subscription, lane, lane_count, position)
SELECT $1, lane, $2,
       CASE WHEN $3::boolean THEN head.position
            WHEN $4::timestamptz IS NOT NULL THEN headrace.position_at($4)
            ELSE 0 END
FROM generate_series(0, $2::integer - 1) AS lane CROSS JOIN headrace.head
WHERE NOT EXISTS (SELECT FROM headrace.checkpoint AS known WHERE known.subscription = $1)
