-- Erasure of people: what is under way, what it came to, and whom mail must not bring back.

CREATE TABLE crm.erasure_key (
    is_only  boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    key      bytea NOT NULL
);
COMMENT ON TABLE crm.erasure_key IS 'The random key that digests of what was erased are made with, from the first erasure on.';

CREATE TABLE crm.erasure (
    id            uuid PRIMARY KEY,
    stage         text NOT NULL CHECK (stage IN ('asked', 'chosen', 'done')),
    addresses     text[],
    names         text[],
    contact_ids   uuid[] NOT NULL,
    counts        jsonb NOT NULL DEFAULT '{}',
    requested_by  text NOT NULL,
    reason        text,
    requested_at  timestamptz NOT NULL,
    completed_at  timestamptz,
    CHECK ((stage = 'done') = (completed_at IS NOT NULL)),
    CHECK ((stage = 'done') = (addresses IS NULL AND names IS NULL))
);
CREATE INDEX erasure_requested ON crm.erasure (requested_at DESC, id DESC);
COMMENT ON TABLE crm.erasure IS 'Erasures of people: what they have yet to know, and when they are done, the proof.';
COMMENT ON COLUMN crm.erasure.stage IS 'asked: no mail brings the person back. chosen: the messages concerned are known. done: nothing is left.';
COMMENT ON COLUMN crm.erasure.addresses IS 'Whom it is of, until it is done; afterwards nobody knows.';
COMMENT ON COLUMN crm.erasure.contact_ids IS 'The contacts there were: what the log calls them.';
COMMENT ON COLUMN crm.erasure.counts IS 'How much was removed and changed, by kind.';

CREATE TABLE crm.erased_mark (
    digest  bytea PRIMARY KEY
);
COMMENT ON TABLE crm.erased_mark IS
    'Addresses that no mail may bring back, and the ids of messages from them, as digests under crm.erasure_key.';

CREATE TABLE crm.erasure_message (
    erasure_id  uuid NOT NULL REFERENCES crm.erasure ON DELETE CASCADE,
    owner_id    uuid NOT NULL,
    message_id  bigint NOT NULL,
    is_written  boolean NOT NULL,
    is_thread   boolean NOT NULL,
    PRIMARY KEY (erasure_id, owner_id, message_id)
);
COMMENT ON TABLE crm.erasure_message IS 'Messages an erasure has yet to look at. A row goes in the transaction that does.';
COMMENT ON COLUMN crm.erasure_message.is_written IS 'The person wrote it. These come last: until then their ids are needed.';
COMMENT ON COLUMN crm.erasure_message.is_thread IS 'The person wrote in its thread: whatever it quotes may be theirs.';
