-- Pushes: messages that a mailbox has changed, each acted on once.

CREATE TABLE crm.push_message (
    message_id   text PRIMARY KEY,
    account_id   uuid NOT NULL,
    received_at  timestamptz NOT NULL
);
CREATE INDEX push_message_received ON crm.push_message (received_at);
COMMENT ON TABLE crm.push_message IS
    'Pushes that were acted on, for a day: one that comes again under its id, since its answer was lost or somebody replays it, makes no job.';
