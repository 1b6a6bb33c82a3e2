-- The next keys of subjects that are not erased, to be wrapped anew.
-- Lock: their rows, in the order of subject_key_pkey.
SELECT id, tenant_id, subject, wrapped FROM headrace.subject_key
WHERE id > $1 AND wrapped IS NOT NULL
ORDER BY id
LIMIT $2
FOR UPDATE
