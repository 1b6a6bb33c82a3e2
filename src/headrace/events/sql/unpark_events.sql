-- Takes the events handled out of a parked stream, up to a position: how many, and where the next waits, NULL for nowhere.
-- Lock: under those of lane and stream (parked_event_pkey).
WITH handled AS (
    DELETE FROM headrace.parked_event
    WHERE subscription = $1 AND tenant_id = $2 AND aggregate_type = $3 AND aggregate_id = $4 AND position <= $5
    RETURNING position
)
SELECT (SELECT count(*) FROM handled), min(waiting.position)
FROM headrace.parked_event AS waiting
WHERE waiting.subscription = $1 AND waiting.tenant_id = $2 AND waiting.aggregate_type = $3 AND waiting.aggregate_id = $4
  AND waiting.position > $5
