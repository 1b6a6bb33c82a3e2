-- How each build of a projection stands: how far behind, what it failed by, what it has parked, who has its fold, since when it is still.
-- Index: checkpoint, worker and projection_build are small; parked_stream_pkey.
SELECT build.projection, build.build, build.version, build.state, min(checkpoint.position) AS position,
       max(head.position - checkpoint.position) AS behind_count, max(checkpoint.failure_count) AS failure_count,
       max(checkpoint.last_error ->> 'message') FILTER (WHERE checkpoint.failure_count > 0) AS error,
       (SELECT count(*) FROM headrace.parked_stream WHERE parked_stream.subscription = min(checkpoint.subscription)) AS parked_count,
       EXISTS (
           SELECT FROM headrace.worker
           WHERE worker.stopping_at IS NULL
             AND (worker.projections IS NULL OR build.projection || '/' || build.version = ANY (worker.projections))
       ) AS is_served,
       bool_or(subscription.paused_at IS NOT NULL) AS is_paused,
       extract(epoch FROM clock_timestamp() - max(checkpoint.moved_at))::float AS still_seconds,
       build.last_error AS postponed_by
FROM headrace.projection_build AS build
JOIN headrace.subscription ON subscription.name = build.projection || '__' || build.build
JOIN headrace.checkpoint ON checkpoint.subscription = subscription.name
CROSS JOIN headrace.head
WHERE build.state <> 'dropped'
GROUP BY build.projection, build.build ORDER BY build.projection, build.build
