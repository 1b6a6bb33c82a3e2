-- The newest digest of an owner.
-- Index: insight_digest_pkey, from its end.
SELECT owner_id, day, as_of, insight_ids, open_count, made_at FROM crm.insight_digest WHERE owner_id = $1 ORDER BY day DESC LIMIT 1
