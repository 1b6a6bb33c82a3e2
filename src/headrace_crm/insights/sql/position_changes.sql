-- What sources found to be another title or organisation of contacts, since a moment.
-- Index: contact_change_contact.
SELECT contact_id, field, old_value, new_value, evidence, changed_at FROM crm.contact_change
WHERE contact_id = ANY ($1::uuid[]) AND changed_at BETWEEN $2 AND $3 AND field IN ('title', 'organisation') AND source <> 'user'
ORDER BY changed_at, id
