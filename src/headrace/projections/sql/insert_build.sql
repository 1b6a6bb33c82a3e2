-- Notes a build that has begun; where the safe head is shows how far it has to go.
-- Lock: under that of the projection (projection_build_pkey).
INSERT INTO headrace.projection_build
    (projection, build, version, state, view_schema, tables, swaps_itself, fill_to, began_at, shown_at)
SELECT $1, $2, $3, $4, $5, $6::text[], $7, head.position, clock_timestamp(),
       CASE WHEN $4 = 'live' THEN clock_timestamp() END
FROM headrace.head
RETURNING projection, build, version, state, view_schema, tables, swaps_itself, is_wanted, fill_to, work_seconds,
       pace::text AS pace, verdict::text AS verdict, last_error, began_at, filled_at, verified_at, shown_at, dropped_at
