-- Mailboxes that are mirrored from a server: where each stands, and what it is known to hold.

ALTER TABLE crm.import ADD COLUMN source text NOT NULL DEFAULT 'mbox';
ALTER TABLE crm.import ADD COLUMN account_id uuid REFERENCES crm.account ON DELETE SET NULL;
CREATE INDEX import_account ON crm.import (account_id) WHERE stored_at IS NULL;
COMMENT ON TABLE crm.import IS 'One row for each reading of a mailbox, from files or a server: how far it is, what it found, how much is stored.';

ALTER TABLE crm.import_item ALTER COLUMN raw DROP NOT NULL;
ALTER TABLE crm.import_item ALTER COLUMN message_key DROP NOT NULL;
ALTER TABLE crm.import_item ADD COLUMN provider_id text;
ALTER TABLE crm.import_item ADD CHECK ((raw IS NULL) = (provider_id IS NOT NULL) AND (raw IS NULL) = (message_key IS NULL));
COMMENT ON TABLE crm.import_item IS
    'Messages read, or listed, and not stored yet. Removed in the transaction that stores them.';
COMMENT ON COLUMN crm.import_item.provider_id IS 'The message''s id at the server it is still to be fetched from.';

ALTER TABLE crm.message ADD COLUMN is_removed boolean NOT NULL DEFAULT false;
CREATE INDEX message_removed ON crm.message (owner_id, id) WHERE is_removed;
COMMENT ON COLUMN crm.message.is_removed IS 'It is gone from the mailbox. Its row goes once what was recorded of it is taken back.';

CREATE TABLE crm.mailbox (
    account_id        uuid PRIMARY KEY REFERENCES crm.account ON DELETE CASCADE,
    owner_id          uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    history_id        numeric(40) NOT NULL,
    pass              integer NOT NULL,
    listing           text NOT NULL CHECK (listing IN ('under way', 'paused', 'done')),
    page_token        text,
    import_id         uuid,
    looked_at         timestamptz NOT NULL,
    watch_expires_at  timestamptz
) WITH (fillfactor = 50);
CREATE INDEX mailbox_owner ON crm.mailbox (owner_id);
CREATE INDEX mailbox_looked_at ON crm.mailbox (looked_at, account_id);
COMMENT ON TABLE crm.mailbox IS 'How far an account''s mail is mirrored. Changes under the lock of its owner.';
COMMENT ON COLUMN crm.mailbox.history_id IS 'Every change up to it is stored, or staged to be fetched. Wider than any integer.';
COMMENT ON COLUMN crm.mailbox.pass IS 'Counts how often the whole mailbox was begun to be listed.';
COMMENT ON COLUMN crm.mailbox.listing IS 'How the listing of all mail, the newest first, stands; page_token is where it goes on.';
COMMENT ON COLUMN crm.mailbox.import_id IS 'What the listing counts into; NULL until its first page.';
COMMENT ON COLUMN crm.mailbox.looked_at IS 'When the server was last asked what has changed.';

CREATE TABLE crm.mailbox_message (
    account_id   uuid NOT NULL REFERENCES crm.mailbox ON DELETE CASCADE,
    provider_id  text NOT NULL,
    owner_id     uuid NOT NULL,
    message_key  text,
    history_id   numeric(40) NOT NULL DEFAULT 0,
    labels       text[] NOT NULL DEFAULT '{}',
    pass         integer NOT NULL,
    gone_at      timestamptz,
    PRIMARY KEY (account_id, provider_id)
) WITH (fillfactor = 80);
CREATE INDEX mailbox_message_key ON crm.mailbox_message (owner_id, message_key) WHERE message_key IS NOT NULL;
CREATE INDEX mailbox_message_pass ON crm.mailbox_message (account_id, pass) WHERE message_key IS NOT NULL;
CREATE INDEX mailbox_message_gone ON crm.mailbox_message (gone_at) WHERE gone_at IS NOT NULL;
COMMENT ON TABLE crm.mailbox_message IS 'What a mailbox on a server is known to hold, and which stored message each is.';
COMMENT ON COLUMN crm.mailbox_message.message_key IS
    'The stored message. NULL while it is to be fetched, or where its labels keep it out (spam, trash, drafts).';
COMMENT ON COLUMN crm.mailbox_message.history_id IS 'The newest change of it that is known; an older look at it is not believed.';
COMMENT ON COLUMN crm.mailbox_message.gone_at IS
    'When it was found to be deleted. The row stays a week, so that a fetch begun before does not bring it back.';
