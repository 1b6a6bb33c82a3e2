-- Keeps what an owner is told on a day, once.
-- Index: insight_digest_pkey; the owner's row is held against removal.
INSERT INTO crm.insight_digest (owner_id, day, as_of, insight_ids, open_count, made_at)
SELECT id, $2, $3, $4, $5, $6 FROM crm.owner WHERE id = $1 FOR KEY SHARE
ON CONFLICT (owner_id, day) DO NOTHING
