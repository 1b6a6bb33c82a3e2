-- A subscription that has got half through the log.
-- Index: subscription_pkey, checkpoint_pkey.
WITH behind AS (
    INSERT INTO headrace.subscription (name, mode, lane_count) VALUES ('behind', 'ordered', 4) RETURNING name
)
INSERT INTO headrace.checkpoint (subscription, lane, lane_count, position)
SELECT behind.name, lane, 4, (SELECT head.position / 2 FROM headrace.head) FROM behind, generate_series(0, 3) AS lane
