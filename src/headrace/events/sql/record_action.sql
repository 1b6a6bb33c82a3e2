-- Notes what was done to a subscription, by whom and why.
-- Index: subscription_action_pkey.
INSERT INTO headrace.subscription_action (subscription, action, detail, reason, actor, acted_at, request_id)
VALUES ($1, $2, $3::text::jsonb, $4, $5, clock_timestamp(), $6)
