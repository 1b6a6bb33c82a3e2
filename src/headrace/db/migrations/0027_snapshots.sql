-- Snapshots of streams: what a fold has come to, so that the next one reads only what happened since.

CREATE TABLE headrace.stream_snapshot (
    tenant_id       text NOT NULL DEFAULT '',
    aggregate_type  text NOT NULL,
    aggregate_id    text NOT NULL,
    fold            text NOT NULL,
    fold_version    integer NOT NULL,
    fingerprint     text NOT NULL,
    stream_version  bigint NOT NULL,
    state           json NOT NULL,
    taken_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, aggregate_type, aggregate_id, fold)
);
COMMENT ON TABLE headrace.stream_snapshot IS
    'The newest snapshot of a stream for each fold that keeps some. All of it follows from the log: rows may be deleted at any time.';
COMMENT ON COLUMN headrace.stream_snapshot.fold_version IS 'The version of the fold that took it; another one does not go on from it.';
COMMENT ON COLUMN headrace.stream_snapshot.fingerprint IS 'SHA-256 of the JSON Schema of the state''s class and of the events'' types with their versions; a fold with another does not go on from it.';
COMMENT ON COLUMN headrace.stream_snapshot.stream_version IS 'The last event of the stream that is in it.';
COMMENT ON COLUMN headrace.stream_snapshot.state IS 'The state, as the text that its class made of it.';
