-- One row that holds all a job and its run hold: what a plain INSERT of a job would write.
-- Index: the primary key here, index_plain_job for claims.
CREATE TABLE plain_job (
    LIKE headrace.job INCLUDING DEFAULTS,
    run_at  timestamptz NOT NULL DEFAULT statement_timestamp(),
    state   headrace.run_state NOT NULL DEFAULT 'waiting',
    attempt smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (id)
)
