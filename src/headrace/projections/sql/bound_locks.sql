-- Bounds how long this transaction waits for a lock, in milliseconds.
-- Lock: none; a setting of the transaction.
SELECT set_config('lock_timeout', $1, true)
