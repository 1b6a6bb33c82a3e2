-- Waits for those who read texts into passages, and keeps them from beginning.
-- Lock: headrace_crm.erasure, alone.
SELECT pg_advisory_xact_lock(hashtext('headrace_crm.erasure'))
