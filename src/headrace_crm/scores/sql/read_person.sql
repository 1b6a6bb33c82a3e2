-- One contact with stats and score.
-- Index: contact_pkey, contact_stats_pkey, contact_score_pkey.
SELECT contact.id, contact.owner_id, contact.name, contact.addresses, coalesce(stats.sent, 0) AS sent,
       coalesce(stats.received, 0) AS received, stats.first_at, stats.last_at, score.strength, score.trend,
       score.trend_value, score.reciprocity, score.median_response, score.their_median_response, score.as_of
FROM crm.contact
LEFT JOIN crm.contact_stats AS stats ON stats.contact_id = contact.id
LEFT JOIN crm.contact_score AS score ON score.contact_id = contact.id
WHERE contact.id = $1
