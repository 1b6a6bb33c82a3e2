-- Stores a contact's score.
-- Index: contact_score_pkey; the contact is locked.
INSERT INTO crm.contact_score (contact_id, owner_id, strength, trend, trend_value, reciprocity, last_interaction_at,
                               median_response, their_median_response, sent, received, as_of, stats_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (contact_id) DO UPDATE
SET strength = excluded.strength, trend = excluded.trend, trend_value = excluded.trend_value,
    reciprocity = excluded.reciprocity, last_interaction_at = excluded.last_interaction_at,
    median_response = excluded.median_response, their_median_response = excluded.their_median_response,
    sent = excluded.sent, received = excluded.received, as_of = excluded.as_of,
    stats_version = excluded.stats_version, calculated_at = clock_timestamp()
