-- Notes that a subscription is read by a relay, where that is not known yet.
-- Lock: its row (subscription_pkey), held by who registers it.
UPDATE headrace.subscription SET is_relay = true WHERE name = $1 AND NOT is_relay
