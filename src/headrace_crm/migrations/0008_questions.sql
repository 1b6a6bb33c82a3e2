-- Questions: the words that were asked, kept beside the log, from which nothing can be taken.

CREATE TABLE crm.question (
    query_id  uuid PRIMARY KEY,
    owner_id  uuid REFERENCES crm.owner ON DELETE CASCADE,
    text      text NOT NULL,
    asked_at  timestamptz NOT NULL
);
CREATE INDEX question_owner ON crm.question (owner_id);
COMMENT ON TABLE crm.question IS 'What was asked; the event ai.query_executed of the same query_id tells how it was answered.';
COMMENT ON COLUMN crm.question.owner_id IS 'Whose mail was asked. NULL: that of several owners.';
