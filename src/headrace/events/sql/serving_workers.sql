-- The living workers that have the handler of a subscription, or do not tell which they have.
-- Index: worker is small.
SELECT id, app, host, pid FROM headrace.worker
WHERE heartbeat_at > clock_timestamp() - lease_time
  AND (subscriptions IS NULL OR $1 = ANY (subscriptions))
ORDER BY id
