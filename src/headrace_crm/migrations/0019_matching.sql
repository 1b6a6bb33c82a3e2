-- Contacts that turn out to be one person: who is to be looked at, and what spoke for a joining.

ALTER TABLE crm.contact ADD COLUMN is_unmatched boolean NOT NULL DEFAULT false;
CREATE INDEX contact_unmatched ON crm.contact (owner_id, id) WHERE is_unmatched;
COMMENT ON COLUMN crm.contact.is_unmatched IS 'Something new may tie it to another contact; whether they are one person is to be looked at.';

ALTER TABLE crm.contact_merge ADD COLUMN evidence text[] NOT NULL DEFAULT '{}';
COMMENT ON TABLE crm.contact_merge IS 'Contacts that were joined to another. A row goes when they are split again.';
COMMENT ON COLUMN crm.contact_merge.evidence IS 'What spoke for it besides the name; empty where a user said so.';
