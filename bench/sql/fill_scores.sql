-- Scores an owner's contacts: the more letters, the stronger. Not the product's formula; its pages read what is stored.
-- Index: contact_score_pkey; reads all stats.
INSERT INTO crm.contact_score (contact_id, owner_id, strength, trend, trend_value, reciprocity, last_interaction_at,
                               median_response, their_median_response, sent, received, as_of, stats_version)
SELECT contact_id, owner_id, 100 * (1 - exp(-(sent + received) / 40.0)),
       (ARRAY['growing', 'steady', 'fading', 'new', 'dormant'])[1 + (hashint8extended(version, 1) & 1023) % 5], 0,
       least(sent, received)::float8 / greatest(sent, received, 1), last_at, interval '3 hours', interval '5 hours', sent,
       received, $2, version
FROM crm.contact_stats
WHERE owner_id = $1
