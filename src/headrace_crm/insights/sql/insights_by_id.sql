-- Insights by their ids, with their ranks.
-- Index: insight_pkey, contact_pkey, insight_taste_pkey.
SELECT insight.id, insight.owner_id, insight.contact_id, contact.name, contact.addresses, insight.kind, insight.state,
       insight.text, insight.score, insight.message_ids, insight.numbers::text AS numbers, insight.as_of,
       insight.told_at, insight.changed_at, insight.found_by,
       insight.score * ($2 + coalesce(taste.accepted_count, 0))
           / (2 * $2 + coalesce(taste.accepted_count + taste.dismissed_count, 0)) AS rank
FROM crm.insight
JOIN crm.contact ON contact.id = insight.contact_id
LEFT JOIN crm.insight_taste AS taste ON taste.owner_id = insight.owner_id AND taste.kind = insight.kind
WHERE insight.id = ANY ($1::uuid[])
