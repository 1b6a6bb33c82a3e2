-- Makes the checkpoints of a new subscription, at the beginning of the log or at its safe head.
-- Index: checkpoint_pkey.
INSERT INTO headrace.checkpoint (subscription, lane, position)
SELECT $1, lane, CASE WHEN $3::boolean THEN head.position ELSE 0 END
FROM generate_series(0, $2::integer - 1) AS lane CROSS JOIN headrace.head
ON CONFLICT (subscription, lane) DO NOTHING
