-- The contacts of whom one of these sources is to be asked again, the longest due first.
-- Index: enrichment_due.
SELECT contact_id FROM (
    SELECT contact_id, due_at FROM crm.enrichment
    WHERE due_at <= $1 AND source = ANY ($2::text[]) ORDER BY due_at, contact_id LIMIT $3
) AS due GROUP BY contact_id ORDER BY min(due_at), contact_id
