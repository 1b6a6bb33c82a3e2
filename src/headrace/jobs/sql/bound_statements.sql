-- Bounds how long each statement of this transaction may take, in milliseconds, and has each planned for its own values: what
-- a filter leaves out must not be planned for.
-- Lock: none; the settings end with the transaction.
SELECT set_config('statement_timeout', $1, true), set_config('plan_cache_mode', 'force_custom_plan', true)
