-- Has a contact's handle looked up.
-- Index: account_lookup_pkey; the contact is locked.
INSERT INTO crm.account_lookup (contact_id, handle, lookup_id, requested_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (contact_id) DO UPDATE
SET handle = excluded.handle, lookup_id = excluded.lookup_id, requested_at = excluded.requested_at, outcome = NULL,
    account = NULL, detail = NULL
