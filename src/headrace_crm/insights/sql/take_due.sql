-- Takes contacts off the list of those to look at; those that somebody else took meanwhile are not returned.
-- Lock: rows of insight_due_pkey, in order; the contacts are held before.
DELETE FROM crm.insight_due
WHERE owner_id = $1 AND contact_id = ANY (ARRAY(
    SELECT contact_id FROM crm.insight_due
    WHERE owner_id = $1 AND contact_id = ANY ($2::uuid[]) ORDER BY contact_id FOR UPDATE
))
RETURNING contact_id
