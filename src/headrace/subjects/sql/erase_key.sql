-- Deletes a subject's key and leaves its row, so that it gets no other; since when.
-- Lock: the key's row, held by the caller.
UPDATE headrace.subject_key SET wrapped = NULL, erased_at = clock_timestamp() WHERE id = $1 RETURNING erased_at
