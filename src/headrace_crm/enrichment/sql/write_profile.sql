-- Stores the merged fields of a contact in place of those before.
-- Index: contact_profile_pkey; the contact is locked.
INSERT INTO crm.contact_profile AS had (contact_id, owner_id, fields, content_hash, changed_at)
VALUES ($1, $2, $3::jsonb, $4, $5)
ON CONFLICT (contact_id) DO UPDATE
SET fields = excluded.fields, content_hash = excluded.content_hash,
    changed_at = CASE WHEN had.content_hash = excluded.content_hash THEN had.changed_at ELSE excluded.changed_at END
