-- The position all lanes of a subscription have passed; NULL where it does not exist.
-- Index: checkpoint_pkey.
SELECT min(position) FROM headrace.checkpoint WHERE subscription = $1
