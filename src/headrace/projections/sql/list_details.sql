-- The builds of one projection, or of all, with how far each is.
-- Index: projection_build_pkey, checkpoint_pkey, parked_stream_pkey.
SELECT build.projection, build.build, build.version, build.state,
       (SELECT min(checkpoint.position) FROM headrace.checkpoint WHERE checkpoint.subscription = subscription.name) AS position,
       head.position AS head,
       (SELECT count(*) FROM headrace.parked_stream WHERE parked_stream.subscription = subscription.name) AS parked_streams,
       subscription.paused_at, subscription.pause_reason, build.is_wanted, build.swaps_itself, build.view_schema,
       build.tables, build.work_seconds,
       extract(epoch FROM clock_timestamp() - build.began_at)::float8 AS elapsed_seconds,
       build.pace::text AS pace, build.verdict::text AS verdict, build.last_error, build.began_at, build.filled_at,
       build.verified_at, build.shown_at, build.dropped_at
FROM headrace.projection_build AS build
CROSS JOIN headrace.head
LEFT JOIN headrace.subscription ON subscription.name = build.projection || '__' || build.build
WHERE $1::text IS NULL OR build.projection = $1
ORDER BY build.projection, build.build
