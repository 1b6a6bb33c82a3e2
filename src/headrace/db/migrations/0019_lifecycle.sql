-- Records of jobs: what becomes of a job is told as an event, in the statement that does it, for those that somebody wants told.

ALTER TABLE headrace.job ADD COLUMN is_told boolean;
COMMENT ON COLUMN headrace.job.is_told IS
    'Which records the job makes: NULL those of failures, true one of its enqueue too, false none.';
ALTER TABLE headrace.outcome ADD COLUMN is_told boolean;
COMMENT ON COLUMN headrace.outcome.is_told IS
    'That a completion is told, which the worker decides that records it. All other ends are, unless the job says otherwise.';
ALTER TABLE headrace.kind ADD COLUMN is_told boolean;
COMMENT ON COLUMN headrace.kind.is_told IS 'As headrace.job has it, for jobs that are enqueued in plain SQL.';

CREATE FUNCTION headrace.is_of_records(path text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(path LIKE 'job.%' OR path LIKE E'%\njob.%', false);
COMMENT ON FUNCTION headrace.is_of_records IS
    'Whether a record of a job was handled on the way to a job. Such a job makes no records itself, so that none begets another.';

CREATE FUNCTION headrace.tell_of_job(told headrace.job, type text, moment timestamptz, data jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO headrace.event (id, type, schema_version, tenant_id, user_id, data, source, correlation_id, causation_id,
                                causation_kind, actor, traceparent, occurred_at, path, retention)
    VALUES (headrace.uuid7(), type, 1, told.tenant_id, told.user_id,
            jsonb_build_object('job_id', told.id, 'kind', told.kind, 'queue', told.queue) || data,
            'headrace', told.correlation_id, told.id, 'job', told.actor, told.traceparent, moment, told.path, 'lifecycle');
END $$;
COMMENT ON FUNCTION headrace.tell_of_job IS 'Appends a record of a job to the log.';

CREATE FUNCTION headrace.tell_enqueued() RETURNS trigger
LANGUAGE plpgsql
-- Completions are recorded by sessions that plan each statement anew: for every row, that is most of the cost.
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT headrace.is_of_records(NEW.path) THEN
        PERFORM headrace.tell_of_job(NEW, 'job.enqueued', NEW.created_at, jsonb_build_object(
            'priority', NEW.priority, 'max_attempts', NEW.max_attempts, 'parent_id', NEW.parent_id,
            -- Where its run is made after it, as two statements may, it is due at once.
            'run_at', coalesce((SELECT run.run_at FROM headrace.run WHERE run.job_id = NEW.id), NEW.created_at)));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION headrace.tell_enqueued IS 'Tells that a job was enqueued.';

CREATE FUNCTION headrace.tell_retrying() RETURNS trigger
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    next_run_at timestamptz := (SELECT run.run_at FROM headrace.run WHERE run.job_id = NEW.job_id AND run.state = 'waiting');
    failed headrace.job;
BEGIN
    -- Where the job is not to run again, its outcome is what is told.
    IF next_run_at IS NOT NULL THEN
        SELECT * INTO failed FROM headrace.job WHERE job.id = NEW.job_id;
        IF failed.is_told IS DISTINCT FROM false AND NOT headrace.is_of_records(failed.path) THEN
            PERFORM headrace.tell_of_job(failed, 'job.retrying', NEW.failed_at, jsonb_build_object(
                'attempt', NEW.attempt, 'next_run_at', next_run_at,
                'error', jsonb_build_object('type', NEW.error ->> 'type', 'message', NEW.error ->> 'message')));
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION headrace.tell_retrying IS 'Tells that an attempt failed and the job waits for another.';

CREATE FUNCTION headrace.tell_ended() RETURNS trigger
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    most_bytes CONSTANT integer := 8192;
    ended headrace.job;
    is_large boolean := coalesce(octet_length(NEW.result::text) > most_bytes, false);
BEGIN
    SELECT * INTO ended FROM headrace.job WHERE job.id = NEW.job_id;
    IF FOUND AND ended.is_told IS DISTINCT FROM false AND NOT headrace.is_of_records(ended.path) THEN
        PERFORM headrace.tell_of_job(ended, 'job.' || NEW.state, NEW.ended_at,
            jsonb_build_object('attempt', NEW.attempt, 'duration_ms', extract(epoch FROM NEW.duration) * 1000)
            || CASE NEW.state
                WHEN 'completed' THEN jsonb_build_object(
                    'result', CASE WHEN NOT is_large THEN NEW.result END, 'is_result_omitted', is_large)
                ELSE jsonb_build_object('error', CASE WHEN NEW.error IS NOT NULL THEN jsonb_build_object(
                    'type', NEW.error ->> 'type', 'message', NEW.error ->> 'message') END)
            END);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION headrace.tell_ended IS 'Tells how a job ended; a result of more than 8 kB is left out.';

-- The conditions are all that a job costs which nobody wants told.
CREATE TRIGGER job_told AFTER INSERT ON headrace.job
FOR EACH ROW WHEN (NEW.is_told) EXECUTE FUNCTION headrace.tell_enqueued();
CREATE TRIGGER failure_told AFTER INSERT ON headrace.failure
FOR EACH ROW EXECUTE FUNCTION headrace.tell_retrying();
CREATE TRIGGER outcome_told AFTER INSERT ON headrace.outcome
FOR EACH ROW WHEN (NEW.state <> 'completed' OR NEW.is_told) EXECUTE FUNCTION headrace.tell_ended();

-- headrace.enqueue is changed where it stores, and left as it is elsewhere.
DO $$
DECLARE
    body text := replace(replace(pg_get_functiondef('headrace.enqueue'::regproc),
        'causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight)',
        'causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, is_told)'),
        'share, cost);
    IF enqueue.parent_id', 'share, cost, known.is_told);
    IF enqueue.parent_id');
BEGIN
    IF body NOT LIKE '%weight, is_told)%' OR body NOT LIKE '%cost, known.is_told);%' THEN
        RAISE EXCEPTION 'headrace.enqueue stores jobs otherwise than this migration expects';
    END IF;
    EXECUTE body;
END $$;
