-- The retired days that are not swept yet, oldest first.
-- Index: retired_day is small.
SELECT day, headrace.uuid7_floor(day::timestamp AT TIME ZONE 'UTC') AS low,
       headrace.uuid7_floor((day + 1)::timestamp AT TIME ZONE 'UTC') AS high
FROM headrace.retired_day ORDER BY day
