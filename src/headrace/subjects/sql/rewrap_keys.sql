-- Stores keys of subjects wrapped anew.
-- Lock: their rows, held by the caller.
UPDATE headrace.subject_key AS known SET wrapped = made.wrapped
FROM unnest($1::bigint[], $2::bytea[]) AS made (id, wrapped)
WHERE known.id = made.id
