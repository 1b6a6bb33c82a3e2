-- Lets one transaction at a time decide whose addresses these are.
-- Lock: an advisory lock of this name, to the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('headrace_crm.owners'))
