-- Accounts: mailboxes that an owner has let the CRM read, with their tokens under a key of the ring.

CREATE TABLE crm.account (
    id             uuid PRIMARY KEY,
    owner_id       uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    provider       text NOT NULL CHECK (provider IN ('google')),
    email          text NOT NULL,
    scopes         text[] NOT NULL,
    status         text NOT NULL CHECK (status IN ('linked', 'needs_sign_in', 'unlinking', 'unlinked')),
    status_reason  text,
    access_token   bytea,
    refresh_token  bytea,
    expires_at     timestamptz,
    linked_at      timestamptz NOT NULL,
    refreshed_at   timestamptz,
    unlinked_at    timestamptz,
    UNIQUE (provider, email),
    CHECK ((status = 'unlinked') = (unlinked_at IS NOT NULL)),
    CHECK (status <> 'linked' OR (access_token IS NOT NULL AND refresh_token IS NOT NULL AND expires_at IS NOT NULL)),
    CHECK (status <> 'unlinked' OR (access_token IS NULL AND refresh_token IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX account_owner ON crm.account (owner_id);
CREATE INDEX account_expiry ON crm.account (expires_at, id) WHERE status = 'linked';
CREATE INDEX account_unlinking ON crm.account (id) WHERE status = 'unlinking';
COMMENT ON TABLE crm.account IS 'A mailbox that its owner has let the CRM read. Its row is the lock under which tokens change.';
COMMENT ON COLUMN crm.account.status IS
    'linked: tokens are good. needs_sign_in: the provider refused them for good. unlinking: nobody gets a token any more, the rest is under way. unlinked: no token is left.';
COMMENT ON COLUMN crm.account.status_reason IS 'Why it needs a sign-in: the provider''s word for it.';
COMMENT ON COLUMN crm.account.access_token IS 'Sealed under HEADRACE_SECRET_KEYS, bound to this row and column.';
COMMENT ON COLUMN crm.account.refresh_token IS 'Sealed under HEADRACE_SECRET_KEYS, bound to this row and column.';
