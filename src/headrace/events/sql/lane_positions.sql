-- Where each lane of a subscription is.
-- Index: checkpoint_pkey.
SELECT lane, position FROM headrace.checkpoint WHERE subscription = $1 ORDER BY lane
