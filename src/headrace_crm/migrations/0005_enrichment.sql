-- Enrichment: what each source said about a contact, what came of it, what was spent, and which source rests.

CREATE TABLE crm.enrichment (
    contact_id    uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    source        text NOT NULL CHECK (source IN ('user', 'signature', 'x', 'pdl', 'clearbit')),
    state         text NOT NULL CHECK (state IN ('asked', 'found', 'none', 'pending', 'refused')),
    asked_for     text NOT NULL,
    claims        jsonb NOT NULL DEFAULT '{}',
    content_hash  text NOT NULL DEFAULT '',
    detail        text,
    token         text,
    tries         integer NOT NULL DEFAULT 0,
    asked_at      timestamptz NOT NULL,
    fetched_at    timestamptz,
    due_at        timestamptz,
    PRIMARY KEY (contact_id, source)
) WITH (fillfactor = 80);
CREATE INDEX enrichment_due ON crm.enrichment (due_at, contact_id) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX enrichment_token ON crm.enrichment (token) WHERE token IS NOT NULL;
COMMENT ON TABLE crm.enrichment IS 'The last answer of each source about a contact. What it found stays while it is asked again.';
COMMENT ON COLUMN crm.enrichment.asked_for IS 'What was looked up: a handle, an address. Another one is another question.';
COMMENT ON COLUMN crm.enrichment.claims IS 'Field -> {value, confidence}, as the source had it at fetched_at.';
COMMENT ON COLUMN crm.enrichment.token IS 'What a webhook must name to answer; gone once one did.';
COMMENT ON COLUMN crm.enrichment.due_at IS 'When to ask again. NULL: never by itself.';

CREATE TABLE crm.contact_profile (
    contact_id    uuid PRIMARY KEY REFERENCES crm.contact ON DELETE CASCADE,
    owner_id      uuid NOT NULL,
    fields        jsonb NOT NULL,
    content_hash  text NOT NULL,
    changed_at    timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE crm.contact_profile IS 'The claims of all sources merged: field -> {value, source, confidence, fetched_at}.';

CREATE TABLE crm.contact_handle (
    contact_id  uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    owner_id    uuid NOT NULL,
    network     text NOT NULL CHECK (network IN ('x', 'linkedin')),
    handle      text NOT NULL,
    origin      text NOT NULL CHECK (origin IN ('signature', 'x', 'pdl', 'clearbit')),
    confidence  double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    evidence    text NOT NULL,
    found_at    timestamptz NOT NULL,
    PRIMARY KEY (contact_id, network, handle, origin)
);
CREATE INDEX contact_handle_shared ON crm.contact_handle (owner_id, network, handle);
COMMENT ON TABLE crm.contact_handle IS 'Handles that may be a contact''s, with where each was found and how sure it is.';

CREATE TABLE crm.account_lookup (
    contact_id    uuid PRIMARY KEY REFERENCES crm.contact ON DELETE CASCADE,
    handle        text NOT NULL,
    lookup_id     uuid NOT NULL,
    requested_at  timestamptz NOT NULL,
    outcome       text CHECK (outcome IN ('found', 'none', 'refused')),
    account       jsonb,
    detail        text
) WITH (fillfactor = 80);
CREATE INDEX account_lookup_waiting ON crm.account_lookup (requested_at, contact_id) WHERE outcome IS NULL;
COMMENT ON TABLE crm.account_lookup IS 'Handles of X that wait to be looked up together, and what came of it.';
COMMENT ON COLUMN crm.account_lookup.lookup_id IS 'The job that does not end before this one is answered.';

CREATE TABLE crm.enrichment_source (
    source       text PRIMARY KEY CHECK (source IN ('x', 'pdl', 'clearbit')),
    rests_until  timestamptz,
    is_refused   boolean NOT NULL DEFAULT false,
    reason       text,
    settings     text
);
COMMENT ON TABLE crm.enrichment_source IS 'Sources that must not be asked before a moment. The row is the lock that orders spending.';
COMMENT ON COLUMN crm.enrichment_source.settings IS 'A digest of the settings that were refused: others may be tried at once.';

CREATE TABLE crm.spending (
    source   text NOT NULL,
    day      date NOT NULL,
    micros   bigint NOT NULL CHECK (micros >= 0),
    calls    bigint NOT NULL,
    PRIMARY KEY (source, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE crm.spending IS 'Millionths of a dollar by source and day of UTC: set aside before a call, the rest given back after it.';
