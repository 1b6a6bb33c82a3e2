-- Takes a subscription for this transaction, before its lanes; no row where it does not exist.
-- Lock: its row (subscription_pkey).
SELECT mode FROM headrace.subscription WHERE name = $1 FOR UPDATE
