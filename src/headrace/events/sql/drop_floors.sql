-- Forgets floors that every lane of a subscription has passed.
-- Index: lane_floor_pkey.
DELETE FROM headrace.lane_floor WHERE subscription = $1 AND position <= $2
