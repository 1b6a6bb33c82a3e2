-- Flows: jobs that wait for other jobs, and the finished steps of a job.

ALTER TABLE headrace.run
    ADD COLUMN waits_for integer NOT NULL DEFAULT 0,
    ADD COLUMN has_dependents boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN headrace.run.waits_for IS 'How many of its dependencies have not ended; while any has not, the job is held.';
COMMENT ON COLUMN headrace.run.has_dependents IS 'Somebody may wait for this job: who ends it looks for open dependencies.';

CREATE TYPE headrace.failed_dependency AS ENUM ('cancel', 'run', 'hold', 'catch');
COMMENT ON TYPE headrace.failed_dependency IS
    'What becomes of a job one of whose dependencies ends without having completed. catch: it runs at once, or never.';

CREATE TABLE headrace.dependency (
    job_id      uuid NOT NULL,
    depends_on  uuid NOT NULL,
    name        text,
    on_failed   headrace.failed_dependency NOT NULL,
    is_open     boolean NOT NULL DEFAULT true,
    PRIMARY KEY (job_id, depends_on)
);
COMMENT ON TABLE headrace.dependency IS 'Which job waits, or waited, for which.';
COMMENT ON COLUMN headrace.dependency.name IS 'What the job that waits calls the other one.';
COMMENT ON COLUMN headrace.dependency.is_open IS 'Not ended yet, or ended in a way that still holds the job.';
CREATE INDEX dependency_open ON headrace.dependency (depends_on, job_id) WHERE is_open;

CREATE TABLE headrace.step (
    job_id      uuid NOT NULL,
    name        text NOT NULL,
    attempt     smallint NOT NULL,
    lease       bigint NOT NULL,
    ended_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration    interval NOT NULL,
    result      jsonb,
    PRIMARY KEY (job_id, name)
);
COMMENT ON TABLE headrace.step IS 'The finished steps of a job and their results. Later attempts do not run them again.';

CREATE INDEX job_parent ON headrace.job (parent_id) WHERE parent_id IS NOT NULL;

CREATE OR REPLACE VIEW headrace.job_state AS
SELECT job.id, job.kind, job.queue, job.priority, job.parent_id, job.correlation_id, job.created_at,
       CASE
           WHEN outcome.job_id IS NOT NULL THEN outcome.state::text
           WHEN run.state = 'processing' THEN 'processing'
           WHEN run.run_at > statement_timestamp() OR run.waits_for > 0 THEN 'scheduled'
           WHEN run.job_id IS NOT NULL THEN 'pending'
       END AS state,
       coalesce(run.attempt, outcome.attempt) AS attempt,
       coalesce(run.run_at, outcome.run_at) AS run_at
FROM headrace.job
LEFT JOIN headrace.run ON run.job_id = job.id
LEFT JOIN headrace.outcome ON outcome.job_id = job.id;

CREATE FUNCTION headrace.hold_jobs(wanted uuid[]) RETURNS TABLE (job_id uuid, state text)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    awaited uuid;
    living uuid[];
    past uuid[];
BEGIN
    FOR round IN 1..1000 LOOP
        -- Each round is a savepoint: what could not have everything at once gives back what it took, and waits for the
        -- first missing one while it holds nothing. So it cannot be part of a deadlock over these rows.
        BEGIN
            PERFORM FROM headrace.run WHERE run.job_id = awaited FOR NO KEY UPDATE;
            PERFORM FROM headrace.outcome WHERE outcome.job_id = awaited FOR KEY SHARE;
            living := ARRAY(SELECT run.job_id FROM headrace.run WHERE run.job_id = ANY (wanted)
                            ORDER BY run.job_id FOR NO KEY UPDATE SKIP LOCKED);
            past := ARRAY(SELECT outcome.job_id FROM headrace.outcome
                          WHERE outcome.job_id = ANY (ARRAY(SELECT unnest(wanted) EXCEPT SELECT unnest(living)))
                          ORDER BY outcome.job_id FOR KEY SHARE SKIP LOCKED);
            awaited := (SELECT job.id FROM headrace.job
                        WHERE job.id = ANY (ARRAY(
                            SELECT unnest(wanted) EXCEPT SELECT unnest(living) EXCEPT SELECT unnest(past)))
                        ORDER BY job.id LIMIT 1);
            IF awaited IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'job ' || awaited || ' is locked';
            END IF;
            UPDATE headrace.run SET has_dependents = true WHERE run.job_id = ANY (living) AND NOT run.has_dependents;
            RETURN QUERY
                SELECT id, NULL::text FROM unnest(living) AS id
                UNION ALL
                SELECT outcome.job_id, outcome.state::text FROM headrace.outcome WHERE outcome.job_id = ANY (past);
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
        MESSAGE = 'job ' || awaited || ' changed hands a thousand times while it was to be locked; try again';
END $$;
COMMENT ON FUNCTION headrace.hold_jobs IS
    'Keeps jobs from ending, and ended ones from coming back, to the end of the transaction, and marks that somebody depends on them. State is NULL for a living one.';

CREATE FUNCTION headrace.settle_dependents(ended uuid[], states text[], moment timestamptz)
RETURNS TABLE (job_id uuid, parent_id uuid, ending text)
LANGUAGE plpgsql STRICT
-- Everything here is found through an index, by few keys or by many: without statistics of a table that has just grown, the
-- planner would read all of it, once for each level of a cascade.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    causes uuid[] := ended;
    cause_states text[] := states;
    counted uuid[];
    closed_counts integer[];
    are_caught boolean[];
    are_catching boolean[];
    cancelled uuid[];
    cancelled_by text[];
    dependent record;
BEGIN
    -- All that may change, in id order, before any of it changes: two endings that share a dependent take turns here.
    PERFORM FROM headrace.run
    WHERE run.state = 'held' AND run.job_id = ANY (ARRAY(
        WITH RECURSIVE reached AS (
            SELECT dependency.job_id, dependency.on_failed, past.state <> 'completed' AS is_failure
            FROM unnest(ended, states) AS past (id, state)
            JOIN headrace.dependency ON dependency.depends_on = past.id AND dependency.is_open
            UNION
            SELECT dependency.job_id, dependency.on_failed, true
            FROM reached JOIN headrace.dependency ON dependency.depends_on = reached.job_id AND dependency.is_open
            WHERE (reached.on_failed = 'cancel' AND reached.is_failure) OR reached.on_failed = 'catch'
        )
        SELECT reached.job_id FROM reached
    ))
    ORDER BY run.job_id FOR UPDATE;
    WHILE cardinality(causes) > 0 LOOP
        WITH closed AS (
            UPDATE headrace.dependency SET is_open = false
            FROM unnest(causes, cause_states) AS past (id, state)
            WHERE dependency.depends_on = past.id AND dependency.is_open
              AND (past.state = 'completed' OR dependency.on_failed <> 'hold')
            RETURNING dependency.job_id, dependency.on_failed, past.state <> 'completed' AS is_failure,
                      'job ' || past.id || ', which it depends on, ended as ' || past.state AS reason
        ), share AS (
            SELECT job_id, count(*)::integer AS closed_count,
                   bool_or(on_failed = 'catch') AS is_catching,
                   bool_or(on_failed = 'catch' AND is_failure) AS is_caught,
                   min(reason) FILTER (WHERE on_failed = 'cancel' AND is_failure) AS reason
            FROM closed GROUP BY job_id
        )
        SELECT coalesce(array_agg(job_id) FILTER (WHERE reason IS NULL), '{}'),
               array_agg(closed_count) FILTER (WHERE reason IS NULL),
               array_agg(is_caught) FILTER (WHERE reason IS NULL),
               array_agg(is_catching) FILTER (WHERE reason IS NULL),
               coalesce(array_agg(job_id) FILTER (WHERE reason IS NOT NULL), '{}'),
               coalesce(array_agg(reason) FILTER (WHERE reason IS NOT NULL), '{}')
        INTO counted, closed_counts, are_caught, are_catching, cancelled, cancelled_by
        FROM share;
        FOR dependent IN
            UPDATE headrace.run
            SET waits_for = CASE WHEN share.is_caught THEN 0 ELSE run.waits_for - share.closed_count END,
                state = CASE
                    WHEN share.is_caught OR (run.waits_for = share.closed_count AND NOT share.is_catching) THEN 'waiting'
                    ELSE 'held'
                END::headrace.run_state,
                -- Behind the others of its priority: claims have gone past its old place.
                run_at = CASE
                    WHEN share.is_caught OR (run.waits_for = share.closed_count AND NOT share.is_catching)
                    THEN greatest(run.run_at, moment)
                    ELSE run.run_at
                END
            FROM unnest(counted, closed_counts, are_caught, are_catching)
                AS share (job_id, closed_count, is_caught, is_catching)
            WHERE run.job_id = share.job_id AND run.state = 'held'
            RETURNING run.job_id, run.waits_for, run.state
        LOOP
            IF dependent.state = 'waiting' THEN
                job_id := dependent.job_id;
                parent_id := NULL;
                ending := 'freed';
                RETURN NEXT;
            ELSIF dependent.waits_for = 0 THEN
                cancelled := cancelled || dependent.job_id;
                cancelled_by := cancelled_by || NULL::text;
            END IF;
        END LOOP;
        causes := '{}';
        FOR dependent IN
            WITH removed AS (
                DELETE FROM headrace.run USING unnest(cancelled, cancelled_by) AS share (job_id, reason)
                WHERE run.job_id = share.job_id AND run.state = 'held'
                RETURNING run.job_id, run.attempt, run.kind, run.queue, run.run_at, run.parent_id, run.has_dependents,
                          share.reason
            ), recorded AS (
                INSERT INTO headrace.outcome (job_id, state, attempt, kind, queue, run_at, ended_at, error)
                SELECT job_id, 'cancelled', attempt, kind, queue, run_at, moment, jsonb_build_object(
                    'type', CASE WHEN reason IS NULL THEN 'headrace.NotNeeded' ELSE 'headrace.DependencyFailed' END,
                    'message', coalesce(reason, 'none of the jobs it depends on has failed'),
                    'traceback', '', 'details', '{}'::jsonb)
                FROM removed
            )
            SELECT * FROM removed
        LOOP
            job_id := dependent.job_id;
            parent_id := dependent.parent_id;
            ending := CASE WHEN dependent.reason IS NULL THEN 'unneeded' ELSE 'cancelled' END;
            RETURN NEXT;
            IF dependent.has_dependents THEN
                causes := causes || dependent.job_id;
            END IF;
        END LOOP;
        cause_states := array_fill('cancelled'::text, ARRAY[cardinality(causes)]);
    END LOOP;
END $$;
COMMENT ON FUNCTION headrace.settle_dependents IS
    'Frees or cancels the jobs that wait for these ended ones, and those that wait for a cancelled one in turn. Returns each that no longer waits: freed, cancelled or unneeded.';
