-- Words that users put on contacts.

CREATE TABLE crm.contact_tag (
    contact_id  uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    owner_id    uuid NOT NULL,
    tag         text NOT NULL CHECK (tag <> ''),
    tagged_at   timestamptz NOT NULL,
    PRIMARY KEY (contact_id, tag)
);
CREATE INDEX contact_tag_owner ON crm.contact_tag (owner_id, tag);
COMMENT ON TABLE crm.contact_tag IS 'The tags of contacts, in lower case.';
