-- Erasures: the read models that may hold what was erased, and which of them were made anew.

CREATE TABLE headrace.erasure_rebuild (
    erasure_id  uuid NOT NULL REFERENCES headrace.erasure,
    projection  text NOT NULL,
    job_id      uuid,
    build       integer,
    rebuilt_at  timestamptz,
    PRIMARY KEY (erasure_id, projection)
);
COMMENT ON TABLE headrace.erasure_rebuild IS
    'The projections that read the events of an erased subject: the job that rebuilds each, where one was asked for, and the build without the values that serves since.';
