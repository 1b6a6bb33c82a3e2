-- Takes what earlier lanes had handled back to a position.
-- Index: lane_floor_pkey; under the locks of all lanes.
UPDATE headrace.lane_floor SET position = least(position, $2) WHERE subscription = $1
