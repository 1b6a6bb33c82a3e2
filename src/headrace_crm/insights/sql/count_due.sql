-- How many contacts of an owner rules are to look at.
-- Index: insight_due_pkey.
SELECT count(*) FROM crm.insight_due WHERE owner_id = $1
