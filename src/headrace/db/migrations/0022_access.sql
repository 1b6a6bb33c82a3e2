-- Access over HTTP: tokens, the sessions of browsers that logged in with one, and a record of each request that changes something.

CREATE TABLE headrace.api_token (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    scopes       text[] NOT NULL DEFAULT '{}',
    hash         bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    revoked_at   timestamptz,
    revoked_by   text
) WITH (fillfactor = 80);
COMMENT ON TABLE headrace.api_token IS 'Who may come in over HTTP, and how far. The tokens themselves are not stored, only their SHA-256.';
COMMENT ON COLUMN headrace.api_token.scopes IS 'The areas it is for; empty for all.';
COMMENT ON COLUMN headrace.api_token.used_at IS 'When it was last used, to the minute.';
CREATE UNIQUE INDEX api_token_hash ON headrace.api_token (hash);

CREATE TABLE headrace.web_session (
    hash         bytea PRIMARY KEY,
    token_id     uuid NOT NULL REFERENCES headrace.api_token ON DELETE CASCADE,
    begun_at     timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE headrace.web_session IS 'Browsers that logged in with a token. The cookie is not stored, only its SHA-256; a session ends with its token.';
CREATE INDEX web_session_of ON headrace.web_session (token_id);
CREATE INDEX web_session_expiry ON headrace.web_session (expires_at);

CREATE TABLE headrace.request (
    id           uuid PRIMARY KEY,
    actor        text NOT NULL,
    role         text NOT NULL,
    token_id     uuid,
    action       text NOT NULL,
    subject      jsonb NOT NULL,
    ip_address   text,
    user_agent   text,
    begun_at     timestamptz NOT NULL,
    ended_at     timestamptz,
    status       smallint,
    key          text,
    fingerprint  bytea,
    answer       bytea
) WITH (fillfactor = 80);
COMMENT ON TABLE headrace.request IS
    'Requests over HTTP that change something: who, from where, what, and what came of it. What they made has their id as its correlation.';
COMMENT ON COLUMN headrace.request.ip_address IS 'Forgotten sooner than the row, as is user_agent.';
COMMENT ON COLUMN headrace.request.key IS 'The Idempotency-Key it came with; forgotten with the answer.';
COMMENT ON COLUMN headrace.request.fingerprint IS 'The SHA-256 of what was asked, so that a key is not used for something else.';
COMMENT ON COLUMN headrace.request.answer IS 'What a repetition under the same key is answered with.';
CREATE UNIQUE INDEX request_key ON headrace.request (actor, key) WHERE key IS NOT NULL;
CREATE INDEX request_with_key ON headrace.request (id) WHERE key IS NOT NULL;
CREATE INDEX request_with_address ON headrace.request (id) WHERE ip_address IS NOT NULL OR user_agent IS NOT NULL;

ALTER TABLE headrace.operation ADD COLUMN request_id uuid;
COMMENT ON COLUMN headrace.operation.request_id IS 'The request over HTTP that it was done by.';
ALTER TABLE headrace.subscription_action ADD COLUMN request_id uuid;
COMMENT ON COLUMN headrace.subscription_action.request_id IS 'The request over HTTP that it was done by.';
