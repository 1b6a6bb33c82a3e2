-- The keys that sealed values name, wrapped; without one where the subject is erased.
-- Index: subject_key_pkey.
SELECT id, tenant_id, subject, wrapped FROM headrace.subject_key WHERE id = ANY ($1::bigint[])
