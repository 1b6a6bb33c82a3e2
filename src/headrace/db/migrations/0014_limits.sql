-- Limits: how many jobs of a key or of a queue run at a time, and how fast they begin.

CREATE TABLE headrace.limit_rule (
    name         text COLLATE "C" PRIMARY KEY,
    concurrency  integer CHECK (concurrency >= 0),
    rate         double precision CHECK (rate > 0),
    per          interval CHECK (per > '0'),
    burst        double precision CHECK (burst >= 1),
    per_second   double precision GENERATED ALWAYS AS (rate / extract(epoch FROM per)::double precision) STORED,
    app          text,
    declaration  jsonb,
    edited_at    timestamptz,
    edited_by    text,
    CHECK (num_nonnulls(rate, per, burst) IN (0, 3))
);
COMMENT ON TABLE headrace.limit_rule IS
    'What a limit allows: for all keys that begin with its name and a colon, or, as @name, for a queue. NULL allows anything.';
COMMENT ON COLUMN headrace.limit_rule.app IS 'The app that declares it in code, or declared it.';
COMMENT ON COLUMN headrace.limit_rule.declaration IS 'What the code says; an edit made at run time holds whatever the code says.';

CREATE TABLE headrace.limit_key (
    key       text COLLATE "C" PRIMARY KEY,
    taken     bigint NOT NULL,
    tokens    double precision,
    returned  bigint NOT NULL DEFAULT 0,
    used_at   timestamptz NOT NULL
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE headrace.limit_key IS
    'What claims have taken of each key, ever. Only claims write it, and each holds the rows of the keys it takes from.';
COMMENT ON COLUMN headrace.limit_key.tokens IS 'What the bucket held at used_at; NULL where it has never been limited.';
COMMENT ON COLUMN headrace.limit_key.returned IS 'How many of the tokens given back (limit_freed) the bucket has been told of.';

CREATE TABLE headrace.limit_freed (
    key     text COLLATE "C" NOT NULL,
    shard   smallint NOT NULL,
    slots   bigint NOT NULL,
    tokens  bigint NOT NULL,
    PRIMARY KEY (key, shard)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE headrace.limit_freed IS
    'What has been given back of each key, ever: written by the statements that take a job from its worker, a shard for each of eight workers.';

ALTER TABLE headrace.run
    ADD COLUMN weight integer NOT NULL DEFAULT 1,
    ADD COLUMN has_queue_slot boolean NOT NULL DEFAULT false,
    ADD COLUMN limit_key text COLLATE "C";
COMMENT ON COLUMN headrace.run.limit_key IS 'The key it is limited by. A running job that has one holds a slot of it.';
COMMENT ON COLUMN headrace.run.weight IS 'How many tokens of its key its start costs.';
COMMENT ON COLUMN headrace.run.has_queue_slot IS 'It was claimed while its queue was limited, and holds a slot of the queue while it runs.';

DROP INDEX headrace.run_claim;
CREATE INDEX run_claim ON headrace.run (queue, priority, run_at, job_id) WHERE state = 'waiting' AND limit_key IS NULL;
CREATE INDEX run_claim_keyed ON headrace.run (queue, priority, limit_key, run_at, job_id)
    WHERE state = 'waiting' AND limit_key IS NOT NULL;

ALTER TABLE headrace.job
    ADD COLUMN weight integer NOT NULL DEFAULT 1,
    ADD COLUMN limit_key text;
COMMENT ON COLUMN headrace.job.limit_key IS 'Here as well, for jobs that are brought back.';

ALTER TABLE headrace.kind
    ADD COLUMN weight integer NOT NULL DEFAULT 1,
    ADD COLUMN limit_key text;
COMMENT ON COLUMN headrace.kind.limit_key IS
    'The limit key of its jobs: {name} stands for a field of the args, or for tenant_id or user_id.';

CREATE FUNCTION headrace.tokens_left(tokens double precision, since interval, per_second double precision, burst double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN burst IS NULL THEN NULL
    WHEN tokens IS NULL THEN burst
    ELSE least(burst, tokens + greatest(extract(epoch FROM since)::double precision, 0) * per_second)
END;
COMMENT ON FUNCTION headrace.tokens_left IS
    'What a bucket holds that held so many tokens so long ago; NULL where it is not limited. Time that runs back adds nothing.';

CREATE FUNCTION headrace.rule_name(key text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN key LIKE '@%' THEN key ELSE split_part(key, ':', 1) END;
COMMENT ON FUNCTION headrace.rule_name IS 'The rule that a key is under: what stands before its first colon; a queue''s own.';

CREATE FUNCTION headrace.limit_standing(wanted text[], moment timestamptz)
RETURNS TABLE (
    key text, name text, concurrency integer, held bigint, burst double precision, per_second double precision,
    tokens double precision, used_at timestamptz
)
LANGUAGE sql STABLE AS $$
    SELECT wanted.key, rule.name, rule.concurrency, coalesce(limit_key.taken, 0) - coalesce(freed.slots, 0), rule.burst,
           rule.per_second,
           headrace.tokens_left(
               limit_key.tokens + coalesce(freed.tokens, 0) - limit_key.returned, moment - limit_key.used_at,
               rule.per_second, rule.burst
           ),
           limit_key.used_at
    FROM unnest(wanted) AS wanted (key)
    LEFT JOIN headrace.limit_key ON limit_key.key = wanted.key
    LEFT JOIN headrace.limit_rule AS rule ON rule.name = headrace.rule_name(wanted.key)
    CROSS JOIN LATERAL (
        SELECT sum(limit_freed.slots)::bigint AS slots, sum(limit_freed.tokens)::bigint AS tokens
        FROM headrace.limit_freed WHERE limit_freed.key = wanted.key
    ) AS freed
$$;
COMMENT ON FUNCTION headrace.limit_standing IS
    'How keys stand at a moment: their rule, the slots held, the tokens left. To look at, not to claim by: nothing is locked.';

CREATE FUNCTION headrace.limit_key_of(
    template text, args jsonb, tenant_id text, user_id text, is_strict boolean DEFAULT true
) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    value jsonb;
    key text := '';
    rest text := template;
BEGIN
    IF template IS NULL THEN
        RETURN NULL;
    END IF;
    LOOP
        name := substring(rest FROM '\{([A-Za-z_][A-Za-z0-9_]*)\}');
        EXIT WHEN name IS NULL;
        value := CASE
            WHEN jsonb_typeof(args) = 'object' AND args ? name THEN args -> name
            WHEN name = 'tenant_id' THEN to_jsonb(tenant_id)
            WHEN name = 'user_id' THEN to_jsonb(user_id)
        END;
        IF jsonb_typeof(value) IN ('string', 'boolean') OR (jsonb_typeof(value) = 'number' AND value::text ~ '^-?[0-9]+$') THEN
            key := key || split_part(rest, '{' || name || '}', 1) || (value #>> '{}');
        ELSIF NOT is_strict THEN
            RETURN split_part(template, ':', 1);
        ELSE
            RAISE EXCEPTION USING ERRCODE = 'RJ014',
                MESSAGE = format('the limit key %s needs text, a whole number or a truth value for {%s}, got %s',
                                 template, name, coalesce(value::text, 'nothing')),
                HINT = 'Give it in the args, as tenant_id or user_id, or give limit_key.';
        END IF;
        rest := substr(rest, strpos(rest, '{' || name || '}') + char_length(name) + 2);
    END LOOP;
    RETURN key || rest;
END $$;
COMMENT ON FUNCTION headrace.limit_key_of IS
    'The limit key of a job of a kind, NULL where the kind has no limit. Where a field is missing an error, or, not strict, the name alone.';

CREATE TEMPORARY TABLE may_enqueue ON COMMIT DROP AS
SELECT grantee::regrole::text AS role FROM pg_proc, aclexplode(proacl)
WHERE oid = 'headrace.enqueue'::regproc AND grantee NOT IN (0, proowner);
DROP FUNCTION headrace.enqueue;

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
    wake            boolean DEFAULT false,
    limit_key       text DEFAULT NULL,
    weight          integer DEFAULT NULL
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
    share text;
    cost integer;
    most double precision;
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
    share := coalesce(enqueue.limit_key, headrace.limit_key_of(known.limit_key, body, enqueue.tenant_id, enqueue.user_id));
    cost := coalesce(enqueue.weight, known.weight, 1);
    IF share COLLATE "C" !~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(:|$)' OR share ~ '[[:cntrl:]]' OR char_length(share) > 500 THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ012',
            MESSAGE = format('a limit key is the name of a limit, or that, a colon and text, 500 characters at most, got %L',
                             left(share, 50)),
            HINT = 'Write it as ''gmail:42''; a limit''s name has 1 to 100 letters, digits, and _ . - after the first.';
    END IF;
    SELECT burst INTO most FROM headrace.limit_rule WHERE name = headrace.rule_name(share);
    IF cost < 1 OR cost > most THEN
        RAISE EXCEPTION USING ERRCODE = 'RJ013',
            MESSAGE = format('weight must be 1 to %s, the most that limit %s gives at once, got %s',
                             coalesce(most, 2147483647), coalesce(headrace.rule_name(share), '(none)'), cost),
            HINT = 'Raise the burst of the limit, or make the job lighter.';
    END IF;

    IF enqueue.wake THEN
        PERFORM pg_notify('headrace_jobs', '');
    END IF;
    IF enqueue.unique_key IS NULL THEN
        INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id, limit_key, weight)
        VALUES (id, lane, enqueue.kind, rank, due_at, enqueue.parent_id, share, cost);
    ELSE
        FOR round IN 1..most_rounds LOOP
            INSERT INTO headrace.run
                (job_id, queue, kind, priority, run_at, due_first_at, parent_id, unique_key, unique_while, limit_key, weight)
            SELECT id, lane, enqueue.kind, rank, due_at, due_at, enqueue.parent_id, key, enqueue.unique_scope, share, cost
            WHERE NOT EXISTS (
                SELECT FROM headrace.unique_hold AS hold WHERE hold.unique_key = key AND hold.until > statement_timestamp())
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
            -- A window that an application gave its key holds it though the job may have ended.
            SELECT hold.job_id INTO holder FROM headrace.unique_hold AS hold
            WHERE hold.unique_key = key AND hold.until > statement_timestamp();
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
                              causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight)
    VALUES (id, enqueue.kind, lane, rank, body, attempts, enqueue.parent_id, enqueue.metadata,
            coalesce(enqueue.correlation_id, id), enqueue.causation_id, enqueue.causation_kind,
            coalesce(enqueue.tenant_id, ''), enqueue.user_id, enqueue.actor, enqueue.traceparent,
            share, cost);
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

DO $$
DECLARE
    granted text;
BEGIN
    FOR granted IN SELECT role FROM may_enqueue LOOP
        EXECUTE 'GRANT EXECUTE ON FUNCTION headrace.enqueue TO ' || granted;
    END LOOP;
END $$;
