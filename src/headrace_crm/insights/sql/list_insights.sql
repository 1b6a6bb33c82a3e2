-- An owner's insights in some states, of some kinds or all, about one contact or all, best first.
-- Index: insight_contact for one contact, else insight_open for open ones, insight_owner_id_key_key for the others; contact_pkey.
SELECT ranked.*, contact.name, contact.addresses
FROM (
    SELECT insight.id, insight.owner_id, insight.contact_id, insight.kind, insight.key, insight.state, insight.text,
           insight.score, insight.message_ids, insight.numbers::text AS numbers, insight.as_of, insight.told_at,
           insight.changed_at, insight.found_by,
           insight.score * ($6 + coalesce(taste.accepted_count, 0))
               / (2 * $6 + coalesce(taste.accepted_count + taste.dismissed_count, 0)) AS rank
    FROM crm.insight
    LEFT JOIN crm.insight_taste AS taste ON taste.owner_id = insight.owner_id AND taste.kind = insight.kind
    WHERE insight.owner_id = $1 AND insight.state = ANY ($2::text[])
      AND ($3::text[] IS NULL OR insight.kind = ANY ($3)) AND ($4::uuid IS NULL OR insight.contact_id = $4)
    ORDER BY rank DESC, insight.key
    LIMIT $5
) AS ranked
JOIN crm.contact ON contact.id = ranked.contact_id
ORDER BY ranked.rank DESC, ranked.key
