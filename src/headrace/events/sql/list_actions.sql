-- What was done to subscriptions by hand, newest first.
-- Index: subscription_action_of backwards, or subscription_action_pkey.
SELECT id, subscription, action, detail::text, reason, actor, acted_at
FROM headrace.subscription_action
WHERE $1::text IS NULL OR subscription = $1
ORDER BY id DESC
LIMIT $2
