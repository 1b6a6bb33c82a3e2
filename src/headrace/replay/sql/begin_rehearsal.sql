-- Names the transaction that a rehearsal runs in, and bounds what it may wait for and how long it may fall silent.
-- Lock: none; the settings end with the transaction.
SELECT pg_current_xact_id()::text::bigint, set_config('lock_timeout', $1::text, true),
       set_config('idle_in_transaction_session_timeout', $2::text, true)
