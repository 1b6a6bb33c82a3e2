-- Takes a subject's key for an erasure.
-- Lock: the key's row (subject_key_whose); who reads it goes on reading until the commit.
SELECT id, fingerprint FROM headrace.subject_key WHERE tenant_id = $1 AND subject = $2 FOR UPDATE
