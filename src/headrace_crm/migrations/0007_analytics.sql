-- What is told of an owner's mail as a whole.

CREATE INDEX interaction_recent ON crm.interaction (owner_id, occurred_at, message_id);

CREATE TABLE crm.email_analytics (
    owner_id       uuid PRIMARY KEY REFERENCES crm.owner ON DELETE CASCADE,
    as_of          timestamptz NOT NULL,
    figures        jsonb NOT NULL,
    calculated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE crm.email_analytics IS 'The figures of calculate-email-analytics: volume, response times, hours, threads that wait.';
COMMENT ON COLUMN crm.email_analytics.as_of IS 'The moment the figures take for now.';
