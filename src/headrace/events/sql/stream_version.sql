-- The version a stream is at; no row where it has none.
-- Index: stream_pkey.
SELECT version FROM headrace.stream WHERE tenant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3
