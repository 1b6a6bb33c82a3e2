-- Makes the partitions of today and of so many days after; returns how many were missing.
-- Lock: advisory, inside ensure_day.
SELECT count(*) FILTER (WHERE headrace.ensure_day((statement_timestamp() AT TIME ZONE 'UTC')::date + n))
FROM generate_series(0, $1::integer) AS n
