-- Stores the keys of new subjects, in one order; who comes second waits for the first, and takes its key.
-- Lock: subject_key_whose.
INSERT INTO headrace.subject_key (tenant_id, subject, wrapped, fingerprint)
SELECT tenant_id, subject, wrapped, fingerprint
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) AS made (tenant_id, subject, wrapped, fingerprint)
ORDER BY tenant_id, subject
ON CONFLICT (tenant_id, subject) DO NOTHING
