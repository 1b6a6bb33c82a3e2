-- Ends a subscription, with its checkpoints and what it has parked.
-- Lock: its row (subscription_pkey), held already; its lanes, once batches at work have ended.
DELETE FROM headrace.subscription WHERE name = $1
