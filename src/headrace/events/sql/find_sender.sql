-- Where the request of a correlation came from, by what its events told or by the record of a request over HTTP.
-- Index: sender_pkey, request_pkey.
SELECT ip_address, user_agent FROM headrace.sender WHERE correlation_id = $1
UNION ALL
SELECT ip_address, user_agent FROM headrace.request WHERE id = $1 AND num_nonnulls(ip_address, user_agent) > 0
LIMIT 1
