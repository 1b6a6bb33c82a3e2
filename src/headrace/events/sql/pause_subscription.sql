-- Pauses a subscription, or ends its pause; no row where it does not exist or already is so.
-- Lock: its row (subscription_pkey).
UPDATE headrace.subscription
SET paused_at = CASE WHEN $2::boolean THEN clock_timestamp() END,
    paused_by = CASE WHEN $2 THEN $3::text END,
    pause_reason = CASE WHEN $2 THEN $4::text END
WHERE name = $1 AND (paused_at IS NULL) = $2
RETURNING true
