-- Insights: what is worth doing about people, what its owner said to it, and the digest of each day.

CREATE INDEX contact_pages ON crm.contact (owner_id, id);

CREATE TABLE crm.insight (
    id           uuid PRIMARY KEY,
    owner_id     uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    contact_id   uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    kind         text NOT NULL,
    key          text NOT NULL,
    fingerprint  text NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'accepted', 'dismissed', 'expired')),
    score        double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    text         text NOT NULL,
    message_ids  bigint[] NOT NULL,
    numbers      jsonb NOT NULL,
    as_of        timestamptz NOT NULL,
    told_at      timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    UNIQUE (owner_id, key)
) WITH (fillfactor = 80);
CREATE INDEX insight_contact ON crm.insight (contact_id);
CREATE INDEX insight_open ON crm.insight (owner_id, kind) WHERE state = 'open';
COMMENT ON TABLE crm.insight IS 'Something worth doing about a person, found by a rule, with what speaks for it.';
COMMENT ON COLUMN crm.insight.key IS 'Names the fact: it has one row, however often it is found.';
COMMENT ON COLUMN crm.insight.fingerprint IS 'Names what the fact rests on. With another one it is news, whatever was said to it before.';
COMMENT ON COLUMN crm.insight.state IS
    'open: to be shown. accepted, dismissed: its owner said so. expired: it holds no more, for example because the answer was sent.';
COMMENT ON COLUMN crm.insight.as_of IS 'The moment that was taken for now when it was last found.';
COMMENT ON COLUMN crm.insight.told_at IS 'When an event told of it, last.';
COMMENT ON COLUMN crm.insight.changed_at IS 'When its state changed last.';

CREATE TABLE crm.insight_due (
    owner_id    uuid NOT NULL,
    contact_id  uuid NOT NULL REFERENCES crm.contact ON DELETE CASCADE,
    PRIMARY KEY (owner_id, contact_id)
);
CREATE INDEX insight_due_contact ON crm.insight_due (contact_id);
COMMENT ON TABLE crm.insight_due IS 'People that rules are to look at again. A row goes in the transaction that does.';

CREATE TABLE crm.insight_taste (
    owner_id         uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    kind             text NOT NULL,
    accepted_count   bigint NOT NULL CHECK (accepted_count >= 0),
    dismissed_count  bigint NOT NULL CHECK (dismissed_count >= 0),
    PRIMARY KEY (owner_id, kind)
);
COMMENT ON TABLE crm.insight_taste IS 'How many insights of a kind an owner accepted and dismissed: what ranks the next ones.';

CREATE TABLE crm.insight_digest (
    owner_id     uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    day          date NOT NULL,
    as_of        timestamptz NOT NULL,
    text         text NOT NULL,
    insight_ids  uuid[] NOT NULL,
    made_at      timestamptz NOT NULL,
    PRIMARY KEY (owner_id, day)
);
COMMENT ON TABLE crm.insight_digest IS 'What an owner was told on a day (UTC), once.';
