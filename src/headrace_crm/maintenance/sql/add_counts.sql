-- Adds to what an erasure came to.
-- Index: erasure_pkey.
UPDATE crm.erasure
SET counts = counts || (
    SELECT coalesce(jsonb_object_agg(key, value::bigint + coalesce((counts ->> key)::bigint, 0)), '{}')
    FROM jsonb_each_text($2::jsonb)
)
WHERE id = $1
