-- Stores what was found, open; with told_at and changed_at moved on where it was told anew.
-- Index: insight_owner_id_key_key; the contacts are held, and their insights.
INSERT INTO crm.insight AS known (id, owner_id, contact_id, kind, key, fingerprint, state, score, text, message_ids,
                                  numbers, other_id, as_of, told_at, changed_at, found_by)
SELECT found.id, $1, found.contact_id, found.kind, found.key, found.fingerprint, 'open', found.score, found.text,
       found.message_ids::bigint[], found.numbers::jsonb, found.other_id, $2, $3, $3,
       found.found_by
FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::double precision[], $10::text[],
            $11::text[], $12::text[], $13::uuid[], $15::text[])
    AS found (id, contact_id, kind, key, fingerprint, score, text, message_ids, numbers, other_id, found_by)
ORDER BY found.key
ON CONFLICT (owner_id, key) DO UPDATE
SET contact_id = excluded.contact_id, fingerprint = excluded.fingerprint, state = 'open', score = excluded.score,
    text = excluded.text, message_ids = excluded.message_ids, numbers = excluded.numbers,
    other_id = excluded.other_id, found_by = excluded.found_by, as_of = excluded.as_of,
    told_at = CASE WHEN known.key = ANY ($14::text[]) THEN excluded.told_at ELSE known.told_at END,
    changed_at = CASE WHEN known.state = 'open' THEN known.changed_at ELSE excluded.changed_at END
RETURNING id, key
