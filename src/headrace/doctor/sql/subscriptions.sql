-- How each subscription but those of builds stands: its last lane, how far behind, what it failed by, what it has parked, who serves it.
-- Index: checkpoint, subscription, worker and projection_build are small; parked_stream_pkey.
SELECT subscription.name, min(checkpoint.position) AS position, max(head.position - checkpoint.position) AS behind_count,
       max(checkpoint.failure_count) AS failure_count,
       max(checkpoint.last_error ->> 'message') FILTER (WHERE checkpoint.failure_count > 0) AS error,
       (SELECT count(*) FROM headrace.parked_stream WHERE parked_stream.subscription = subscription.name) AS parked_count,
       subscription.is_relay OR EXISTS (
           SELECT FROM headrace.worker
           WHERE worker.stopping_at IS NULL AND (worker.subscriptions IS NULL OR subscription.name = ANY (worker.subscriptions))
       ) AS is_served
FROM headrace.subscription
JOIN headrace.checkpoint ON checkpoint.subscription = subscription.name
CROSS JOIN headrace.head
WHERE NOT EXISTS (
    SELECT FROM headrace.projection_build AS build WHERE build.projection || '__' || build.build = subscription.name
)
GROUP BY subscription.name ORDER BY subscription.name
