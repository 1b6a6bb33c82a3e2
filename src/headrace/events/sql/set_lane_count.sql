-- Gives a subscription another number of lanes, and begins a generation.
-- Lock: its row (subscription_pkey), held already.
UPDATE headrace.subscription SET lane_count = $2, generation = generation + 1 WHERE name = $1
