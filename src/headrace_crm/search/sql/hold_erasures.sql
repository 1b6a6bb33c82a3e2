-- Keeps erasures from changing texts that are being read into passages.
-- Lock: headrace_crm.erasure, shared; an erasure takes it alone.
SELECT pg_advisory_xact_lock_shared(hashtext('headrace_crm.erasure'))
