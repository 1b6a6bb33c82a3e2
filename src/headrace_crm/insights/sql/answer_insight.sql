-- Stores what its owner said to an insight.
-- Index: insight_pkey; it is held.
UPDATE crm.insight SET state = $2, changed_at = $3 WHERE id = $1
