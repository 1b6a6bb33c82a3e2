-- The insights about contacts, held for whoever looks at these contacts now.
-- Lock: insights in id order; index: insight_contact.
SELECT contact_id, key, state, fingerprint FROM crm.insight WHERE contact_id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
