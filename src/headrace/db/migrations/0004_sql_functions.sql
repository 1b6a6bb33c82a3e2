-- Jobs from plain SQL: a function to enqueue with, the kinds that workers know, and ids made in SQL.

CREATE TABLE headrace.kind (
    name          text PRIMARY KEY,
    queue         text NOT NULL,
    priority      smallint NOT NULL,
    max_attempts  smallint NOT NULL,
    app           text NOT NULL,
    seen_at       timestamptz NOT NULL
);
COMMENT ON TABLE headrace.kind IS
    'The kinds that workers handle, with their defaults. Workers write them when they start, and hourly.';

CREATE FUNCTION headrace.uuid7(moment timestamptz DEFAULT clock_timestamp()) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (
    SELECT (lpad(to_hex(micros / 1000), 12, '0')
            || '7' || lpad(to_hex(micros % 1000 * 4096 / 1000), 3, '0')
            -- The variant and 62 random bits stand in the second half of a version 4 id already.
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid
    FROM (SELECT (extract(epoch FROM moment) * 1000000)::bigint) AS made (micros)
);
COMMENT ON FUNCTION headrace.uuid7 IS 'A new version 7 id, ordered by time to the microsecond.';

CREATE FUNCTION headrace.enqueue(
    kind            text,
    args            jsonb DEFAULT 'null',
    queue           text DEFAULT NULL,
    priority        text DEFAULT NULL,
    max_attempts    integer DEFAULT NULL,
    run_at          timestamptz DEFAULT NULL,
    delay           interval DEFAULT NULL,
    parent_id       uuid DEFAULT NULL,
    unique_key      text DEFAULT NULL,
    unique_scope    text DEFAULT 'alive',
    debounce        boolean DEFAULT false,
    max_wait        interval DEFAULT '5 minutes',
    metadata        jsonb DEFAULT NULL,
    correlation_id  uuid DEFAULT NULL,
    causation_id    uuid DEFAULT NULL,
    causation_kind  text DEFAULT NULL,
    tenant_id       text DEFAULT '',
    user_id         text DEFAULT NULL,
    actor           text DEFAULT NULL,
    traceparent     text DEFAULT NULL,
    require_known   boolean DEFAULT false,
    wake            boolean DEFAULT false
) RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    most_rounds CONSTANT integer := 100;
    most_bytes CONSTANT integer := 1024 * 1024;
    longest CONSTANT interval := '36525 days';
    known headrace.kind%ROWTYPE;
    body jsonb := coalesce(enqueue.args, 'null');
    rank smallint;
    attempts smallint;
    lane text;
    due_at timestamptz;
    key text := enqueue.kind || E'\x1f' || enqueue.unique_key;
    id uuid := headrace.uuid7();
    holder uuid;
BEGIN
    IF enqueue.kind IS NULL OR char_length(enqueue.kind) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ001',
            MESSAGE = format('a job kind''s name must have 1 to 200 characters, got %L', left(enqueue.kind, 50)),
            HINT = 'Give the name under which a worker handles the job.';
    END IF;
    SELECT * INTO known FROM headrace.kind WHERE name = enqueue.kind;
    IF enqueue.require_known AND known.name IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ002',
            MESSAGE = format('job kind %L is not known: no worker that handles it has started yet', enqueue.kind),
            HINT = 'Known kinds stand in headrace.kind. Start a worker that handles it, or leave require_known out.';
    END IF;
    IF octet_length(body::text) > most_bytes THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ003',
            MESSAGE = format('args of job kind %L have %s bytes, more than the limit of %s',
                             enqueue.kind, octet_length(body::text), most_bytes),
            HINT = 'Store the data and pass its id.';
    END IF;
    IF jsonb_typeof(enqueue.metadata) <> 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ004',
            MESSAGE = format('metadata must be a JSON object, got a JSON %s', jsonb_typeof(enqueue.metadata)),
            HINT = 'Write it as ''{"name": "value"}''.';
    END IF;
    lane := coalesce(enqueue.queue, known.queue, 'default');
    IF lane COLLATE "C" !~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$' OR lane ~ '\n' THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ005',
            MESSAGE = format('a queue''s name has 1 to 100 letters, digits, and _ . : - after the first, got %L', left(lane, 150)),
            HINT = 'Leave queue out for the kind''s own.';
    END IF;
    rank := CASE lower(enqueue.priority)
        WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 WHEN 'low' THEN 3
    END;
    IF enqueue.priority IS NULL THEN
        rank := coalesce(known.priority, 2::smallint);
    ELSIF rank IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ006',
            MESSAGE = format('priority must be one of critical, high, normal, low, got %L', left(enqueue.priority, 50)),
            HINT = 'Leave priority out for the kind''s own.';
    END IF;
    IF enqueue.max_attempts NOT BETWEEN 1 AND 32767 THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ007',
            MESSAGE = format('max_attempts must be 1 to 32767, got %s', enqueue.max_attempts),
            HINT = 'Leave max_attempts out for the kind''s own.';
    END IF;
    attempts := coalesce(enqueue.max_attempts, known.max_attempts, 3);
    IF enqueue.run_at IS NOT NULL AND enqueue.delay IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ008',
            MESSAGE = format('give run_at or delay, not both: got run_at %s and delay %s', enqueue.run_at, enqueue.delay),
            HINT = 'delay counts from now.';
    ELSIF enqueue.delay < '0' OR enqueue.delay > longest THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ008',
            MESSAGE = format('delay must be 0 to 36525 days, got %s', enqueue.delay),
            HINT = 'Leave delay out for a job that is due at once.';
    ELSIF enqueue.run_at NOT BETWEEN '0002-01-01 00:00:00+00' AND '9999-12-30 00:00:00+00' THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ008',
            MESSAGE = format('run_at must be in the years 2 to 9999, got %s', enqueue.run_at),
            HINT = 'Leave run_at out for a job that is due at once.';
    END IF;
    due_at := coalesce(enqueue.run_at, statement_timestamp() + coalesce(enqueue.delay, '0'));
    IF enqueue.unique_key IS NOT NULL THEN
        IF char_length(enqueue.unique_key) NOT BETWEEN 1 AND 1000 THEN
            RAISE EXCEPTION USING ERRCODE = 'RJ009',
                MESSAGE = format('a unique key has 1 to 1000 characters, got %s', char_length(enqueue.unique_key)),
                HINT = 'Leave unique_key out for a job that may be there twice; hash what is longer.';
        ELSIF enqueue.unique_scope IS NULL OR enqueue.unique_scope NOT IN ('waiting', 'alive') THEN
            RAISE EXCEPTION USING ERRCODE = 'RJ009',
                MESSAGE = format('unique_scope must be waiting or alive, got %L', left(enqueue.unique_scope, 50)),
                HINT = 'waiting frees the key when a worker claims the job, alive when it has ended.';
        ELSIF enqueue.max_wait IS NULL OR enqueue.max_wait < '0' OR enqueue.max_wait > longest THEN
            RAISE EXCEPTION USING ERRCODE = 'RJ009',
                MESSAGE = format('max_wait must be 0 to 36525 days, got %s', coalesce(enqueue.max_wait::text, 'NULL')),
                HINT = 'It bounds how far debounce may push the job that waits.';
        END IF;
    END IF;
    IF enqueue.causation_kind NOT IN ('request', 'job', 'event') THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ010',
            MESSAGE = format('causation_kind must be request, job or event, got %L', left(enqueue.causation_kind, 50)),
            HINT = 'It says what causation_id is the id of.';
    END IF;

    IF enqueue.wake THEN
        PERFORM pg_notify('headrace_jobs', '');
    END IF;
    IF enqueue.unique_key IS NULL THEN
        INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id)
        VALUES (id, lane, enqueue.kind, rank, due_at, enqueue.parent_id);
    ELSE
        FOR round IN 1..most_rounds LOOP
            INSERT INTO headrace.run
                (job_id, queue, kind, priority, run_at, due_first_at, parent_id, unique_key, unique_while)
            VALUES (id, lane, enqueue.kind, rank, due_at, due_at, enqueue.parent_id, key, enqueue.unique_scope)
            ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING;
            EXIT WHEN FOUND;
            -- A holder that waits stays locked to the end of the transaction, so that no worker claims it before the
            -- caller's own writes are visible. One that runs is only named: its completion must not wait for the caller.
            SELECT job_id INTO holder FROM headrace.run WHERE unique_key = key AND state <> 'processing' FOR UPDATE;
            IF FOUND THEN
                UPDATE headrace.run SET run_at = greatest(run.run_at, least(due_at, run.due_first_at + enqueue.max_wait))
                WHERE job_id = holder AND enqueue.debounce;
                RETURN holder;
            END IF;
            SELECT job_id INTO holder FROM headrace.run WHERE unique_key = key AND state = 'processing';
            IF FOUND THEN
                RETURN holder;
            END IF;
            -- It began or ended between these statements; it is met, or gone, in the next round.
            IF round = most_rounds THEN
                RAISE EXCEPTION USING ERRCODE = 'RJ011',
                    MESSAGE = format('the holder of the unique key %L changed %s times', enqueue.unique_key, most_rounds),
                    HINT = 'Enqueue again.';
            END IF;
        END LOOP;
    END IF;
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, parent_id, metadata, correlation_id,
                              causation_id, causation_kind, tenant_id, user_id, actor, traceparent)
    VALUES (id, enqueue.kind, lane, rank, body, attempts, enqueue.parent_id, enqueue.metadata,
            coalesce(enqueue.correlation_id, id), enqueue.causation_id, enqueue.causation_kind,
            coalesce(enqueue.tenant_id, ''), enqueue.user_id, enqueue.actor, enqueue.traceparent);
    IF enqueue.parent_id IS NOT NULL THEN
        INSERT INTO headrace.progress AS progress (job_id, child_count) VALUES (enqueue.parent_id, 1)
        ON CONFLICT (job_id) DO UPDATE
        SET child_count = progress.child_count + 1, updated_at = clock_timestamp();
    END IF;
    RETURN id;
END $$;
COMMENT ON FUNCTION headrace.enqueue IS
    'Enqueues a job in the caller''s transaction; its id, or the id of the job that holds the unique key. May be granted alone.';
-- Runs with its owner's rights, so nobody may call it who was not told so.
REVOKE ALL ON FUNCTION headrace.enqueue FROM PUBLIC;
