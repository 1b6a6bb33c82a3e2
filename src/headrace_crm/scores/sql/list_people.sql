-- Contacts with stats and score, strongest first, of some owners or all; all of them where the limit is NULL.
-- Index: contact_score_strength where one owner is asked for.
SELECT contact.id, contact.owner_id, contact.name, contact.addresses, coalesce(stats.sent, 0) AS sent,
       coalesce(stats.received, 0) AS received, stats.first_at, stats.last_at, score.strength, score.trend,
       score.trend_value, score.reciprocity, score.median_response, score.their_median_response, score.as_of
FROM crm.contact
LEFT JOIN crm.contact_stats AS stats ON stats.contact_id = contact.id
LEFT JOIN crm.contact_score AS score ON score.contact_id = contact.id
WHERE ($1::uuid[] IS NULL OR contact.owner_id = ANY ($1))
  AND ($3::text IS NULL OR contact.id IN (SELECT contact_id FROM crm.contact_tag WHERE tag = $3))
ORDER BY score.strength DESC NULLS LAST, contact.name, contact.id
LIMIT $2
