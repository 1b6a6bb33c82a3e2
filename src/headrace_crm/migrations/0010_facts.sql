-- What people say of themselves in their mail: whose mail is still to be read for it.

ALTER TABLE crm.contact ADD COLUMN is_unread boolean NOT NULL DEFAULT true;
CREATE INDEX contact_unread ON crm.contact (owner_id, id) WHERE is_unread;
COMMENT ON COLUMN crm.contact.is_unread IS 'Mail of it came or went that was not read for facts yet.';

CREATE TABLE crm.contact_change (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id  uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    field       text NOT NULL,
    old_value   text NOT NULL,
    new_value   text NOT NULL,
    source      text NOT NULL,
    evidence    text NOT NULL,
    changed_at  timestamptz NOT NULL
);
CREATE INDEX contact_change_contact ON crm.contact_change (contact_id, changed_at);
COMMENT ON TABLE crm.contact_change IS 'What was known of a contact and what is in its place: the values of contact.updated.';
COMMENT ON COLUMN crm.contact_change.changed_at IS 'For what was read in mail: when that mail was sent.';
