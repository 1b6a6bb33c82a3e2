-- Waits for texts that are being read into passages, and keeps others from being.
-- Lock: headrace_crm.erasure, alone, to the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('headrace_crm.erasure'))
