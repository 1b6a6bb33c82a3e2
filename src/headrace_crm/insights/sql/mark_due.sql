-- Has rules look at contacts again that are still there.
-- Lock: the contact's row against removal, in the mode that others who refer to it share; insight_due_pkey.
INSERT INTO crm.insight_due (owner_id, contact_id)
SELECT $1, contact.id FROM crm.contact WHERE contact.id = ANY ($2::uuid[]) ORDER BY contact.id FOR KEY SHARE
ON CONFLICT DO NOTHING
