-- Which day partitions of today and tomorrow are missing, and how many rows wait in default partitions, counted up to a bound.
-- Index: the catalog; the default partitions, so many rows.
SELECT (
           SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM (
               SELECT one.parent || '_' || to_char((statement_timestamp() AT TIME ZONE 'UTC')::date + n, 'YYYYMMDD') AS name
               FROM headrace.day_tables() AS one CROSS JOIN generate_series(0, 1) AS n
           ) AS wanted WHERE to_regclass('headrace.' || name) IS NULL
       ) AS missing,
       (SELECT count(*) FROM (SELECT FROM headrace.job_default LIMIT $1) AS part) AS stray_count
