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
LANGUAGE plpgsql AS $$
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
                          WHERE outcome.job_id = ANY (wanted) AND outcome.job_id <> ALL (living)
                          ORDER BY outcome.job_id FOR KEY SHARE SKIP LOCKED);
            awaited := (SELECT min(job.id::text)::uuid FROM headrace.job
                        WHERE job.id = ANY (wanted) AND job.id <> ALL (living) AND job.id <> ALL (past));
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
LANGUAGE plpgsql STRICT AS $$
#variable_conflict use_column
DECLARE
    causes uuid[] := ended;
    cause_states text[] := states;
    following uuid[];
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
        following := '{}';
        FOR dependent IN
            WITH closed AS (
                UPDATE headrace.dependency SET is_open = false
                FROM unnest(causes, cause_states) AS past (id, state)
                WHERE dependency.depends_on = past.id AND dependency.is_open
                  AND (past.state = 'completed' OR dependency.on_failed <> 'hold')
                RETURNING dependency.job_id, dependency.on_failed, past.id AS cause_id, past.state AS cause_state
            ), share AS (
                SELECT job_id, count(*)::integer AS closed_count,
                       bool_or(on_failed = 'cancel' AND cause_state <> 'completed') AS is_cancelled,
                       bool_or(on_failed = 'catch' AND cause_state <> 'completed') AS is_caught,
                       bool_or(on_failed = 'catch') AS is_catching,
                       (array_agg(cause_id ORDER BY cause_id) FILTER (WHERE cause_state <> 'completed'))[1] AS cause_id,
                       (array_agg(cause_state ORDER BY cause_id) FILTER (WHERE cause_state <> 'completed'))[1] AS cause_state
                FROM closed GROUP BY job_id
            ), verdict AS MATERIALIZED (
                SELECT share.job_id, share.cause_id, share.cause_state, run.waits_for - share.closed_count AS waits_for,
                       CASE
                           WHEN share.is_cancelled THEN 'cancelled'
                           WHEN share.is_caught THEN 'freed'
                           WHEN run.waits_for > share.closed_count THEN 'held'
                           WHEN share.is_catching THEN 'unneeded'
                           ELSE 'freed'
                       END AS ending
                FROM share JOIN headrace.run ON run.job_id = share.job_id AND run.state = 'held'
            ), moved AS (
                UPDATE headrace.run
                SET waits_for = CASE verdict.ending WHEN 'held' THEN verdict.waits_for ELSE 0 END,
                    state = CASE verdict.ending WHEN 'held' THEN 'held' ELSE 'waiting' END::headrace.run_state,
                    -- Behind the others of its priority: claims have gone past its old place.
                    run_at = CASE verdict.ending WHEN 'held' THEN run.run_at ELSE greatest(run.run_at, moment) END
                FROM verdict WHERE run.job_id = verdict.job_id AND verdict.ending IN ('held', 'freed')
            ), removed AS (
                DELETE FROM headrace.run USING verdict
                WHERE run.job_id = verdict.job_id AND verdict.ending IN ('cancelled', 'unneeded')
                RETURNING run.job_id, run.attempt, run.kind, run.queue, run.run_at, run.parent_id, run.has_dependents,
                          verdict.ending, verdict.cause_id, verdict.cause_state
            ), recorded AS (
                INSERT INTO headrace.outcome (job_id, state, attempt, kind, queue, run_at, ended_at, error)
                SELECT job_id, 'cancelled', attempt, kind, queue, run_at, moment, jsonb_build_object(
                    'type', CASE ending WHEN 'unneeded' THEN 'headrace.NotNeeded' ELSE 'headrace.DependencyFailed' END,
                    'message', CASE ending
                        WHEN 'unneeded' THEN 'none of the jobs it depends on has failed'
                        ELSE 'job ' || cause_id || ', which it depends on, ended as ' || cause_state
                    END,
                    'traceback', '', 'details', '{}'::jsonb)
                FROM removed
            )
            SELECT verdict.job_id, removed.parent_id, verdict.ending, removed.has_dependents
            FROM verdict LEFT JOIN removed ON removed.job_id = verdict.job_id
            WHERE verdict.ending <> 'held'
        LOOP
            job_id := dependent.job_id;
            parent_id := dependent.parent_id;
            ending := dependent.ending;
            RETURN NEXT;
            IF dependent.has_dependents THEN
                following := following || dependent.job_id;
            END IF;
        END LOOP;
        causes := following;
        cause_states := array_fill('cancelled'::text, ARRAY[cardinality(following)]);
    END LOOP;
END $$;
COMMENT ON FUNCTION headrace.settle_dependents IS
    'Frees or cancels the jobs that wait for these ended ones, and those that wait for a cancelled one in turn. Returns each that no longer waits: freed, cancelled or unneeded.';
