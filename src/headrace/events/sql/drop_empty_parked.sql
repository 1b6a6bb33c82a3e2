-- Ends the parking of streams in which nothing waits any more, after a rewind.
-- Index: parked_stream_pkey, parked_event_pkey; under the locks of all lanes.
DELETE FROM headrace.parked_stream AS parked
WHERE parked.subscription = $1
  AND NOT EXISTS (
      SELECT FROM headrace.parked_event AS waiting
      WHERE waiting.subscription = parked.subscription AND waiting.tenant_id = parked.tenant_id
        AND waiting.aggregate_type = parked.aggregate_type AND waiting.aggregate_id = parked.aggregate_id
  )
