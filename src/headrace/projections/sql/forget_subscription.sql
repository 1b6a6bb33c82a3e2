-- Ends the subscription of a build, with its checkpoints and what it has parked.
-- Lock: its row (subscription_pkey), after that of the projection; its lanes are held still.
DELETE FROM headrace.subscription WHERE name = $1
