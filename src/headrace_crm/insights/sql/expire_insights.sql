-- Ends open insights that hold no more.
-- Index: insight_owner_id_key_key; their contacts are held, and they themselves.
UPDATE crm.insight SET state = 'expired', changed_at = $3 WHERE owner_id = $1 AND key = ANY ($2::text[]) AND state = 'open'
