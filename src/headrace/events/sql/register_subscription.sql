-- Makes a subscription if it is new, otherwise keeps its number of lanes; returns that number.
-- Lock: its row (subscription_pkey) to the end of the transaction, so that registrations take turns.
INSERT INTO headrace.subscription AS subscription (name, mode, lane_count, types) VALUES ($1, $2, $3, $4::text[])
ON CONFLICT (name) DO UPDATE SET mode = excluded.mode, types = excluded.types
RETURNING lane_count
