-- What is kept of a subject, with the proof of its erasure.
-- Index: subject_key_whose, erasure_rebuild_pkey; the few erasures are looked through.
SELECT known.tenant_id, known.subject, known.id AS key_id, known.fingerprint AS key_fingerprint, known.created_at,
       (SELECT (to_jsonb(erasure) || jsonb_build_object('projections', (
                   SELECT coalesce(jsonb_agg(to_jsonb(model) ORDER BY model.projection), '[]')
                   FROM headrace.erasure_rebuild AS model WHERE model.erasure_id = erasure.id)))::text
        FROM headrace.erasure WHERE erasure.key_id = known.id) AS erasure
FROM headrace.subject_key AS known
WHERE known.tenant_id = $1 AND known.subject = $2
