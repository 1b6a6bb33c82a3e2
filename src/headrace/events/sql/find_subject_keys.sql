-- The keys of subjects, wrapped; without one where the subject is erased.
-- Index: subject_key_whose.
SELECT known.id, known.tenant_id, known.subject, known.wrapped
FROM unnest($1::text[], $2::text[]) AS wanted (tenant_id, subject)
JOIN headrace.subject_key AS known USING (tenant_id, subject)
