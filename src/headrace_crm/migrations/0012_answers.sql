-- Answers: what was said to a question, and the passages it rests on, to be read again.

CREATE TABLE crm.answer (
    query_id     uuid PRIMARY KEY REFERENCES crm.question ON DELETE CASCADE,
    text         text NOT NULL,
    answered_by  text NOT NULL,
    note         text,
    since        timestamptz,
    before       timestamptz,
    about        text[] NOT NULL,
    cited_count  smallint NOT NULL
);
COMMENT ON TABLE crm.answer IS 'The answer to a question, as it was given. Goes with its question.';
COMMENT ON COLUMN crm.answer.cited_count IS 'How many passages it was given with; those of messages that are gone are gone.';

CREATE TABLE crm.citation (
    query_id    uuid NOT NULL REFERENCES crm.answer ON DELETE CASCADE,
    number      smallint NOT NULL,
    message_id  bigint REFERENCES crm.message ON DELETE CASCADE,
    contact_id  uuid REFERENCES crm.contact ON DELETE CASCADE,
    quote       text NOT NULL,
    PRIMARY KEY (query_id, number),
    CHECK (num_nonnulls(message_id, contact_id) = 1)
);
CREATE INDEX citation_message ON crm.citation (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX citation_contact ON crm.citation (contact_id) WHERE contact_id IS NOT NULL;
COMMENT ON TABLE crm.citation IS 'A passage an answer rests on, by the number that stands for it in the text. Goes with its message or person.';
