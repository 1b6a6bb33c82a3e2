-- Makes a subscription if it is new, otherwise keeps its number of lanes; returns that number.
-- Index: subscription_pkey.
INSERT INTO headrace.subscription AS subscription (name, mode, lane_count) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET mode = excluded.mode
RETURNING lane_count
