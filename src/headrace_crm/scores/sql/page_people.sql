-- An owner's contacts from a place on, strongest first, that have a text in their name or an address, and a tag; and where the walk ended.
-- Index: contact_score_strength, in its order, at most $5 entries of those with the tag; contact_tag_owner; then contact_pkey, contact_score_pkey, contact_stats_pkey.
WITH walked AS MATERIALIZED (
    SELECT contact_id, strength FROM crm.contact_score
    WHERE owner_id = $1 AND strength <= $2 AND (strength < $2 OR contact_id > $3)
      AND ($7::text IS NULL OR contact_id IN (SELECT contact_id FROM crm.contact_tag WHERE owner_id = $1 AND tag = $7))
    ORDER BY strength DESC, contact_id
    LIMIT $5
), ending AS (
    SELECT strength AS end_strength, contact_id AS end_id, (SELECT count(*) FROM walked) AS walked_count
    FROM walked ORDER BY strength, contact_id DESC LIMIT 1
), found AS (
    SELECT contact.id, contact.owner_id, contact.name, contact.addresses, coalesce(stats.sent, 0) AS sent,
           coalesce(stats.received, 0) AS received, stats.first_at, stats.last_at, score.strength, score.trend,
           score.trend_value, score.reciprocity, score.median_response, score.their_median_response, score.as_of
    FROM walked
    JOIN crm.contact ON contact.id = walked.contact_id
    JOIN crm.contact_score AS score ON score.contact_id = walked.contact_id
    LEFT JOIN crm.contact_stats AS stats ON stats.contact_id = walked.contact_id
    WHERE $4 = '' OR strpos(lower(contact.name), lower($4)) > 0
          OR EXISTS (SELECT FROM unnest(contact.addresses) AS email WHERE strpos(email, lower($4)) > 0)
    ORDER BY walked.strength DESC, walked.contact_id
    LIMIT $6
)
SELECT ending.*, found.* FROM ending LEFT JOIN found ON true
ORDER BY found.strength DESC, found.id
