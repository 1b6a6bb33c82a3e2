-- Whose addresses are by the word of a user, and the joining of contacts, so that it can be undone.

CREATE TABLE crm.address_decision (
    owner_id    uuid NOT NULL,
    email       text NOT NULL,
    person_id   uuid NOT NULL,
    decided_at  timestamptz NOT NULL,
    PRIMARY KEY (owner_id, email),
    FOREIGN KEY (owner_id, email) REFERENCES crm.address ON DELETE CASCADE
);
COMMENT ON TABLE crm.address_decision IS
    'Addresses of which a user said whose they are: those of one person_id are one contact, whatever mail says, and no two of these are.';

CREATE TABLE crm.contact_merge (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    uuid NOT NULL,
    contact_id  uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    merged_id   uuid NOT NULL,
    addresses   text[] NOT NULL,
    kept        jsonb NOT NULL,
    merged      jsonb NOT NULL,
    merged_at   timestamptz NOT NULL
);
CREATE INDEX contact_merge_contact ON crm.contact_merge (contact_id);
COMMENT ON TABLE crm.contact_merge IS 'Contacts that a user joined to another. A row goes when they are split again.';
COMMENT ON COLUMN crm.contact_merge.addresses IS 'Those the merged contact brought.';
COMMENT ON COLUMN crm.contact_merge.kept IS 'What sources had said of the contact that stayed, before.';
COMMENT ON COLUMN crm.contact_merge.merged IS 'What sources had said of the one that went: a split gives it back.';
