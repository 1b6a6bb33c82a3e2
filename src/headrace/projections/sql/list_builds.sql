-- The builds of one projection, or of all.
-- Index: projection_build_pkey.
SELECT projection, build, version, state, view_schema, tables, swaps_itself, is_wanted, fill_to, work_seconds,
       pace::text AS pace, verdict::text AS verdict, last_error, began_at, filled_at, verified_at, shown_at, dropped_at
FROM headrace.projection_build
WHERE $1::text IS NULL OR projection = $1
ORDER BY projection, build
