-- Contacts that fit a text: by an address (0), by the whole name (1), by a part of either or of what mail calls them (2).
-- Index: none for a part of a name; reads the contacts of the owners asked for.
SELECT found.* FROM (
    SELECT contact.id, contact.owner_id, contact.name, contact.addresses, coalesce(stats.sent, 0) AS sent,
           coalesce(stats.received, 0) AS received, stats.first_at, stats.last_at, score.strength, score.trend,
           score.trend_value, score.reciprocity, score.median_response, score.their_median_response, score.as_of,
           CASE WHEN lower($2) = ANY (contact.addresses) THEN 0
                WHEN lower(contact.name) = lower($2) THEN 1
                WHEN strpos(lower(contact.name), lower($2)) > 0 OR strpos(lower(contact.mail_name), lower($2)) > 0
                     OR EXISTS (SELECT FROM unnest(contact.addresses) AS email WHERE strpos(email, lower($2)) > 0) THEN 2
           END AS closeness
    FROM crm.contact
    LEFT JOIN crm.contact_stats AS stats ON stats.contact_id = contact.id
    LEFT JOIN crm.contact_score AS score ON score.contact_id = contact.id
    WHERE $1::uuid[] IS NULL OR contact.owner_id = ANY ($1)
) AS found
WHERE found.closeness IS NOT NULL
ORDER BY found.strength DESC NULLS LAST, found.name, found.id
