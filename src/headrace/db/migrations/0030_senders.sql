-- Where requests came from: beside the log, for a short time, once for all events of a request.

CREATE TABLE headrace.sender (
    correlation_id  uuid PRIMARY KEY,
    ip_address      text,
    user_agent      text,
    seen_at         timestamptz NOT NULL
);
COMMENT ON TABLE headrace.sender IS
    'The address and browser that a request came from, by the correlation of the events it made. Kept for a short time, and gone with a subject that such events are about.';
CREATE INDEX sender_age ON headrace.sender (seen_at);
