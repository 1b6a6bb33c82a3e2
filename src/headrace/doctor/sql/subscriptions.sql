-- How each subscription stands: its last lane, how many events that is behind the safe head, and what it failed by.
-- Index: checkpoint is small.
SELECT checkpoint.subscription AS name, min(checkpoint.position) AS position,
       max(head.position - checkpoint.position) AS behind_count, max(checkpoint.failure_count) AS failure_count,
       max(checkpoint.last_error ->> 'message') FILTER (WHERE checkpoint.failure_count > 0) AS error
FROM headrace.checkpoint CROSS JOIN headrace.head GROUP BY checkpoint.subscription ORDER BY checkpoint.subscription
