-- Bounds how long this transaction waits for any lock, in milliseconds.
-- Lock: none; the setting ends with the transaction.
SELECT set_config('lock_timeout', $1, true)
