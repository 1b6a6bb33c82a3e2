-- One at a time counts an owner's words.
-- Lock: advisory, to the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('crm.vocabulary'), hashtext($1::uuid::text))
