-- Which of these digests stand for what was erased.
-- Index: erased_mark_pkey.
SELECT digest FROM crm.erased_mark WHERE digest = ANY ($1::bytea[])
