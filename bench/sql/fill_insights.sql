-- Stores two insights of each of the strongest contacts, of all kinds in turn: of ten, six are open.
-- Index: contact_score_strength, interaction_contact, insight_owner_id_key_key.
INSERT INTO crm.insight (id, owner_id, contact_id, kind, key, fingerprint, state, score, text, message_ids, numbers, as_of,
                         told_at, changed_at)
SELECT gen_random_uuid(), $1::uuid, strong.contact_id, told.kind, told.kind || ':' || strong.contact_id, '1',
       (ARRAY['open', 'open', 'open', 'open', 'open', 'open', 'accepted', 'dismissed', 'dismissed', 'expired'])[1 + place % 10],
       (strong.strength / 100), 'You have not written to each other for a while; you usually do every week',
       ARRAY(SELECT message_id FROM crm.interaction WHERE contact_id = strong.contact_id ORDER BY occurred_at DESC LIMIT 2),
       '{}', $2::timestamptz, $2::timestamptz, $2::timestamptz
FROM (SELECT contact_id, strength, row_number() OVER (ORDER BY strength DESC, contact_id) AS place
      FROM crm.contact_score WHERE owner_id = $1 ORDER BY strength DESC, contact_id LIMIT $4::integer) AS strong,
     LATERAL (SELECT ($3::text[])[1 + (place + turn) % cardinality($3::text[])] AS kind
              FROM generate_series(0, 1) AS turn) AS told
