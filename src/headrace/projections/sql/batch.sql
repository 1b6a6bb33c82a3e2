-- How many events a batch holds: those of a lane in a span of positions, or those at given positions in it.
-- Index: event_pkey, by position; under the lock of the lane's checkpoint. Folds in SQL stand where the count stands.
WITH batch AS NOT MATERIALIZED (
    SELECT event.*
    FROM headrace.event
    WHERE event.position > $1::bigint
      AND event.position <= $2::bigint
      AND ($3::text[] IS NULL OR event.type = ANY ($3))
      AND ($4::integer = 1
           OR headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, $4) = $5::integer)
      AND ($6::bigint[] IS NULL OR event.position = ANY ($6))
      AND event.retention <> $7
)
SELECT count(*) FROM batch
