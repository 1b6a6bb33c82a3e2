-- Takes a projection for this transaction: builds are begun, shown and dropped one at a time.
-- Lock: its row (projection_pkey), before any of its builds and subscriptions.
SELECT name FROM headrace.projection WHERE name = $1 FOR UPDATE
