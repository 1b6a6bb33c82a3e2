-- The UTC days before a moment of which jobs are stored, oldest first; whether each has a partition of its own.
-- Index: the catalog; job_default and outcome_default from their beginnings, which hold little.
WITH own AS (
    SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS day
    FROM pg_inherits JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = 'headrace.job'::regclass AND child.relname ~ '_\d{8}$'
), stray AS (
    SELECT DISTINCT (to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
                     AT TIME ZONE 'UTC')::date AS day
    FROM (
        (SELECT id FROM headrace.job_default WHERE id < headrace.uuid7_floor($1) ORDER BY id LIMIT 10000)
        UNION ALL
        (SELECT job_id FROM headrace.outcome_default WHERE job_id < headrace.uuid7_floor($1) ORDER BY job_id LIMIT 10000)
    ) AS first (id)
)
SELECT day, bool_or(is_partition) AS is_partition, headrace.uuid7_floor(day::timestamp AT TIME ZONE 'UTC') AS low,
       headrace.uuid7_floor((day + 1)::timestamp AT TIME ZONE 'UTC') AS high
FROM (SELECT day, true AS is_partition FROM own UNION ALL SELECT day, false FROM stray) AS found
WHERE (day + 1)::timestamp AT TIME ZONE 'UTC' <= $1
GROUP BY day ORDER BY day
