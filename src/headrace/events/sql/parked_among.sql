-- Which of these streams a subscription has parked.
-- Index: parked_stream_pkey; under the lock of the lane's checkpoint, without which none of them comes or goes.
SELECT tenant_id, aggregate_type, aggregate_id
FROM headrace.parked_stream
JOIN unnest($2::text[], $3::text[], $4::text[]) AS met (tenant_id, aggregate_type, aggregate_id)
    USING (tenant_id, aggregate_type, aggregate_id)
WHERE subscription = $1
