-- How many insights of an owner are open.
-- Index: insight_open.
SELECT count(*) FROM crm.insight WHERE owner_id = $1 AND state = 'open'
