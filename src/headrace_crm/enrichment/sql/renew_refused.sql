-- Makes those due that a source refused to tell of.
-- Index: none for the source; a command of an operator, over one row a contact.
UPDATE crm.enrichment SET due_at = $2 WHERE source = $1 AND state = 'refused' RETURNING contact_id
