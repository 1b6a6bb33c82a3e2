-- What the labels of mirrored mailboxes are called.

CREATE TABLE crm.mailbox_label (
    owner_id    uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    label_id    text NOT NULL,
    account_id  uuid NOT NULL REFERENCES crm.account ON DELETE CASCADE,
    name        text NOT NULL,
    PRIMARY KEY (owner_id, label_id, account_id)
);
CREATE INDEX mailbox_label_account ON crm.mailbox_label (account_id);
COMMENT ON TABLE crm.mailbox_label IS
    'The names of labels, as their owner reads them. Messages hold the ids. They stay with the mail when an account is unlinked.';
