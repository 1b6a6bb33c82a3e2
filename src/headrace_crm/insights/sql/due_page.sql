-- The next contacts of an owner that rules are to look at.
-- Index: insight_due_pkey, in its order.
SELECT contact_id FROM crm.insight_due WHERE owner_id = $1 ORDER BY contact_id LIMIT $2
