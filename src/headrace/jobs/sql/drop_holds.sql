-- Takes back windows drawn for jobs that were then not stored, since an older job still lives under the key.
-- Index: unique_hold_pkey.
DELETE FROM headrace.unique_hold WHERE unique_key = ANY ($1::text[]) AND job_id = ANY ($2::uuid[])
