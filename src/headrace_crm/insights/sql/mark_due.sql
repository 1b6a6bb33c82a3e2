-- Has rules look at contacts again.
-- Lock: the contact's row against removal, in the mode that others who refer to it share; insight_due_pkey.
INSERT INTO crm.insight_due (owner_id, contact_id)
SELECT $1, contact_id FROM unnest($2::uuid[]) AS wanted (contact_id) ORDER BY contact_id
ON CONFLICT DO NOTHING
