-- Keeps where the lanes are, so that what they have handled is not handled again by lanes of another number.
-- Lock: the checkpoints' rows are held; lane_floor_pkey. Only lanes before others have handled what a new one meets.
INSERT INTO headrace.lane_floor AS known (subscription, lane_count, lane, position)
SELECT subscription, lane_count, lane, position FROM headrace.checkpoint WHERE subscription = $1 AND position > $2
ON CONFLICT (subscription, lane_count, lane) DO UPDATE SET position = greatest(known.position, excluded.position)
