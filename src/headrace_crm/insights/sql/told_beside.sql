-- Whose open insights name one of these contacts as a second person.
-- Index: insight_other.
SELECT DISTINCT contact_id FROM crm.insight WHERE other_id = ANY ($1::uuid[]) AND state = 'open' ORDER BY contact_id
