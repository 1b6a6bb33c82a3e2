-- What a language model proposed to do about people, beside what rules find; it holds no word of any letter.

CREATE TABLE crm.insight_judgement (
    contact_id    uuid PRIMARY KEY REFERENCES crm.contact ON DELETE CASCADE,
    owner_id      uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    judged_by     text NOT NULL,
    seen_through  timestamptz NOT NULL,
    message_ids   bigint[] NOT NULL,
    digests       text[] NOT NULL,
    proposals     jsonb NOT NULL,
    judged_at     timestamptz NOT NULL,
    CHECK (cardinality(message_ids) = cardinality(digests))
);
CREATE INDEX insight_judgement_owner ON crm.insight_judgement (owner_id);
COMMENT ON TABLE crm.insight_judgement IS 'What a language model said of a person, last: kinds of insights, and where in which letter each stands.';
COMMENT ON COLUMN crm.insight_judgement.seen_through IS 'When the newest letter was sent that there was when it proposed this.';
COMMENT ON COLUMN crm.insight_judgement.digests IS 'What each of these letters said when it was shown. A letter that says the same is not shown again.';
COMMENT ON COLUMN crm.insight_judgement.proposals IS 'What it proposed and was found to hold, as kinds and positions in texts.';

ALTER TABLE crm.insight ADD COLUMN found_by text NOT NULL DEFAULT 'rules';
COMMENT ON COLUMN crm.insight.found_by IS 'rules, or the language model that led to it.';
