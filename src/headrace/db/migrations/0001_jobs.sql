-- Jobs: the body (written once), the run (the thin state row), the outcome (append-only), and the workers.

CREATE TYPE headrace.run_state AS ENUM ('waiting', 'processing', 'held');
CREATE TYPE headrace.outcome_state AS ENUM ('completed', 'failed', 'cancelled', 'dead');

CREATE TABLE headrace.job (
    id               uuid PRIMARY KEY,
    kind             text NOT NULL,
    queue            text NOT NULL,
    priority         smallint NOT NULL,
    args             jsonb NOT NULL,
    max_attempts     smallint NOT NULL,
    parent_id        uuid,
    correlation_id   uuid NOT NULL,
    causation_id     uuid,
    causation_kind   text,
    tenant_id        text NOT NULL DEFAULT '',
    user_id          text,
    actor            text,
    traceparent      text,
    metadata         jsonb,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (id);
COMMENT ON TABLE headrace.job IS 'What was asked for. Written once, never updated; day partitions through the time in the id.';

CREATE TABLE headrace.run (
    job_id              uuid PRIMARY KEY,
    queue               text NOT NULL,
    kind                text NOT NULL,
    priority            smallint NOT NULL,
    run_at              timestamptz NOT NULL,
    state               headrace.run_state NOT NULL DEFAULT 'waiting',
    attempt             smallint NOT NULL DEFAULT 0,
    rescue_count        smallint NOT NULL DEFAULT 0,
    unique_while        text,
    cancel_requested_by text,
    lease               bigint,
    worker_id           bigint,
    parent_id           uuid,
    claimed_at          timestamptz,
    due_first_at        timestamptz,
    unique_key          text
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE headrace.run IS 'Where a living job stands. Removed when the job ends; the outcome takes its place.';
COMMENT ON COLUMN headrace.run.lease IS 'The fence: drawn at every claim, named by every completion.';
COMMENT ON COLUMN headrace.run.unique_while IS 'How long unique_key is held: waiting (until claimed) or alive (until ended).';

CREATE INDEX run_claim ON headrace.run (queue, priority, run_at, job_id) WHERE state = 'waiting';
CREATE INDEX run_held_by ON headrace.run (worker_id) WHERE state = 'processing';
CREATE UNIQUE INDEX run_unique_key ON headrace.run (unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE headrace.outcome (
    job_id       uuid PRIMARY KEY,
    state        headrace.outcome_state NOT NULL,
    attempt      smallint NOT NULL,
    lease        bigint,
    worker_id    bigint,
    kind         text NOT NULL,
    queue        text NOT NULL,
    run_at       timestamptz NOT NULL,
    claimed_at   timestamptz,
    ended_at     timestamptz NOT NULL,
    duration     interval,
    error        jsonb,
    result       jsonb
) PARTITION BY RANGE (job_id);
COMMENT ON TABLE headrace.outcome IS 'How a job ended. Appended once, in the statement that removes its run.';

CREATE TABLE headrace.failure (
    job_id      uuid NOT NULL,
    lease       bigint NOT NULL,
    attempt     smallint NOT NULL,
    worker_id   bigint,
    failed_at   timestamptz NOT NULL,
    duration    interval,
    error       jsonb NOT NULL,
    PRIMARY KEY (job_id, lease)
) PARTITION BY RANGE (job_id);
COMMENT ON TABLE headrace.failure IS 'One row for every attempt that raised or lost its worker.';

CREATE TABLE headrace.progress (
    job_id          uuid PRIMARY KEY,
    done            bigint NOT NULL DEFAULT 0,
    total           bigint,
    message         text,
    child_count     integer NOT NULL DEFAULT 0,
    ended_count     integer NOT NULL DEFAULT 0,
    failed_count    integer NOT NULL DEFAULT 0,
    children_done   bigint NOT NULL DEFAULT 0,
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE headrace.progress IS 'How far a job is, its own steps and its ended children rolled up.';

CREATE SEQUENCE headrace.lease;

CREATE TABLE headrace.worker (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app          text NOT NULL,
    host         text NOT NULL,
    pid          integer NOT NULL,
    queues       text[] NOT NULL,
    kinds        text[] NOT NULL,
    concurrency  integer NOT NULL,
    lease_time   interval NOT NULL,
    started_at   timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    stopping_at  timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE headrace.worker IS 'Living worker processes. A session lock of the same number tells that the process lives.';

CREATE TABLE headrace.job_default PARTITION OF headrace.job DEFAULT;
CREATE TABLE headrace.outcome_default PARTITION OF headrace.outcome DEFAULT;
CREATE TABLE headrace.failure_default PARTITION OF headrace.failure DEFAULT;

CREATE FUNCTION headrace.uuid7_floor(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
COMMENT ON FUNCTION headrace.uuid7_floor IS 'The least version 7 id that can have been made at this moment.';

CREATE FUNCTION headrace.ensure_day(day date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    low uuid := headrace.uuid7_floor(day::timestamp AT TIME ZONE 'UTC');
    high uuid := headrace.uuid7_floor((day + 1)::timestamp AT TIME ZONE 'UTC');
    suffix text := to_char(day, 'YYYYMMDD');
    parent text;
    key_column text;
    is_new boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('headrace.ensure_day'));
    FOREACH parent IN ARRAY ARRAY['job', 'outcome', 'failure'] LOOP
        IF to_regclass(format('headrace.%I', parent || '_' || suffix)) IS NOT NULL THEN
            CONTINUE;
        END IF;
        key_column := CASE parent WHEN 'job' THEN 'id' ELSE 'job_id' END;
        EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       parent || '_' || suffix, parent);
        EXECUTE format('WITH stray AS (DELETE FROM headrace.%I WHERE %I >= $1 AND %I < $2 RETURNING *) '
                       'INSERT INTO headrace.%I SELECT * FROM stray',
                       parent || '_default', key_column, key_column, parent || '_' || suffix)
            USING low, high;
        EXECUTE format('ALTER TABLE headrace.%I ATTACH PARTITION headrace.%I FOR VALUES FROM (%L) TO (%L)',
                       parent, parent || '_' || suffix, low, high);
        is_new := true;
    END LOOP;
    RETURN is_new;
END $$;
COMMENT ON FUNCTION headrace.ensure_day IS
    'Makes the partitions of a UTC day, taking over what the default partitions hold of it. True when any was made.';

SELECT headrace.ensure_day((current_timestamp AT TIME ZONE 'UTC')::date + n) FROM generate_series(0, 3) AS n;

CREATE VIEW headrace.job_state AS
SELECT job.id, job.kind, job.queue, job.priority, job.parent_id, job.correlation_id, job.created_at,
       CASE
           WHEN outcome.job_id IS NOT NULL THEN outcome.state::text
           WHEN run.state = 'processing' THEN 'processing'
           WHEN run.run_at > statement_timestamp() THEN 'scheduled'
           WHEN run.job_id IS NOT NULL THEN 'pending'
       END AS state,
       coalesce(run.attempt, outcome.attempt) AS attempt,
       coalesce(run.run_at, outcome.run_at) AS run_at
FROM headrace.job
LEFT JOIN headrace.run ON run.job_id = job.id
LEFT JOIN headrace.outcome ON outcome.job_id = job.id;
COMMENT ON VIEW headrace.job_state IS 'Every stored job with the one of its seven states that holds now.';
