-- Keeps where requests came from, once for each correlation.
-- Lock: the rows it inserts (sender_pkey), in the order of correlations.
INSERT INTO headrace.sender (correlation_id, ip_address, user_agent, seen_at)
SELECT given.correlation_id, given.ip_address, given.user_agent, clock_timestamp()
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (correlation_id, ip_address, user_agent)
ORDER BY given.correlation_id
ON CONFLICT (correlation_id) DO NOTHING
