-- Retention classes of events: the log is parted by class first. The log as it was becomes the class `domain`.

CREATE TABLE headrace.event_class (
    name  text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,29}$'),
    span  interval
);
COMMENT ON TABLE headrace.event_class IS
    'The retention classes of events. Partitions of a class hold events recorded in one span of time; those of domain, which has none, a range of positions.';

ALTER TABLE headrace.event RENAME TO event_domain;
ALTER TABLE headrace.event_domain ADD COLUMN retention text NOT NULL DEFAULT 'domain';

DO $$
DECLARE
    next_position bigint := (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END
                             FROM headrace.event_position_seq);
BEGIN
    -- One sequence and one order for all classes: positions go on from where they were.
    ALTER TABLE headrace.event_domain ALTER COLUMN position DROP IDENTITY;
    CREATE TABLE headrace.event (
        LIKE headrace.event_domain INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS
    ) PARTITION BY LIST (retention);
    ALTER TABLE headrace.event ALTER COLUMN position ADD GENERATED ALWAYS AS IDENTITY (CACHE 1);
    EXECUTE format('ALTER TABLE headrace.event ALTER COLUMN position RESTART WITH %s', next_position);
END $$;
-- Reads the log once, to see that it holds nothing but what it says.
ALTER TABLE headrace.event ATTACH PARTITION headrace.event_domain FOR VALUES IN ('domain');
INSERT INTO headrace.event_class (name) VALUES ('domain');
COMMENT ON TABLE headrace.event IS
    'The log. Append-only; positions are drawn by the column default alone, after the stream is locked. Parted by retention class; each class has indexes of its own.';
COMMENT ON COLUMN headrace.event.retention IS 'The retention class, by which the event is kept or goes.';

ALTER TABLE headrace.event_type ADD COLUMN retention text NOT NULL DEFAULT 'domain';
COMMENT ON COLUMN headrace.event_type.retention IS 'The retention class that new events of the type belong to.';

CREATE TABLE headrace.event_archive (
    partition       text PRIMARY KEY,
    class           text NOT NULL,
    low_position    bigint,
    high_position   bigint,
    low_at          timestamptz,
    high_at         timestamptz,
    event_count     bigint NOT NULL,
    first_position  bigint NOT NULL,
    last_position   bigint NOT NULL,
    file            text,
    sha256          text,
    dropped_at      timestamptz NOT NULL,
    restored_at     timestamptz,
    keep_until      timestamptz
);
COMMENT ON TABLE headrace.event_archive IS
    'The partitions of the log that retention has dropped, and the files they were exported to.';
COMMENT ON COLUMN headrace.event_archive.file IS 'The name of the file; NULL where the events went without an export.';
COMMENT ON COLUMN headrace.event_archive.keep_until IS 'A partition that was restored stays until then.';

CREATE OR REPLACE FUNCTION headrace.ensure_event_partition(size bigint, ahead integer) RETURNS integer
LANGUAGE plpgsql
-- Attaching waits for the default partition; who waits behind it must not wait long.
SET lock_timeout = '2s'
AS $$
DECLARE
    -- The identity's next number is read from the sequence; only INSERTs draw from it.
    next_position bigint := (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END
                             FROM headrace.event_position_seq);
    low bigint;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.ensure_event_partition', 0));
    FOR i IN 0..ahead LOOP
        low := ((next_position - 1) / size + i) * size + 1;
        name := 'event_' || low;
        IF to_regclass('headrace.' || name) IS NULL THEN
            IF low <= next_position THEN
                -- It is made late. A writer on the way to the default partition would find it closed to its event: those under way
                -- end first, and who comes after sees the new one.
                LOCK TABLE headrace.event IN SHARE ROW EXCLUSIVE MODE;
            END IF;
            EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.event_domain INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
            IF EXISTS (SELECT FROM headrace.event_default WHERE position >= low AND position < low + size) THEN
                -- Events overran the partitions made ahead. Writers to the default partition wait while they move.
                LOCK TABLE headrace.event_default IN ACCESS EXCLUSIVE MODE;
                EXECUTE format('WITH stray AS (DELETE FROM headrace.event_default '
                               'WHERE position >= %s AND position < %s RETURNING *) '
                               'INSERT INTO headrace.%I SELECT * FROM stray', low, low + size, name);
            END IF;
            EXECUTE format('ALTER TABLE headrace.event_domain ATTACH PARTITION headrace.%I FOR VALUES FROM (%s) TO (%s)',
                           name, low, low + size);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION headrace.ensure_event_partition IS
    'Makes the partition of class domain for the next position and so many after it. Returns how many were made.';

CREATE FUNCTION headrace.ensure_event_class(class text, width interval) RETURNS boolean
LANGUAGE plpgsql
SET lock_timeout = '2s'
AS $$
DECLARE
    parent text := 'event_' || class;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.ensure_event_partition', 0));
    IF EXISTS (SELECT FROM headrace.event_class WHERE event_class.name = class) THEN
        UPDATE headrace.event_class SET span = width
        WHERE event_class.name = class AND event_class.span IS NOT NULL AND event_class.span <> width;
        RETURN false;
    END IF;
    INSERT INTO headrace.event_class (name, span) VALUES (class, width);
    EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS) '
                   'PARTITION BY RANGE (recorded_at)', parent);
    EXECUTE format('CREATE TABLE headrace.%I PARTITION OF headrace.%I DEFAULT', parent || '_default', parent);
    EXECUTE format('CREATE INDEX %I ON headrace.%I (position)', parent || '_position', parent);
    EXECUTE format('CREATE INDEX %I ON headrace.%I (tenant_id, aggregate_type, aggregate_id, stream_version) '
                   'WHERE aggregate_type IS NOT NULL', parent || '_stream', parent);
    EXECUTE format('CREATE INDEX %I ON headrace.%I (correlation_id) WHERE path LIKE E''%%\n%%\n%%\n%%''',
                   parent || '_deep', parent);
    EXECUTE format('ALTER TABLE headrace.event ATTACH PARTITION headrace.%I FOR VALUES IN (%L)', parent, class);
    RETURN true;
END $$;
COMMENT ON FUNCTION headrace.ensure_event_class IS
    'Makes a retention class whose partitions are so wide, or lets later ones be so wide. True where it was new.';

CREATE FUNCTION headrace.event_partitions()
RETURNS TABLE (
    name text, class text, low_position bigint, high_position bigint, low_at timestamptz, high_at timestamptz
)
LANGUAGE sql STABLE
AS $$
    SELECT leaf.relname::text, event_class.name,
           CASE WHEN event_class.span IS NULL THEN bounds[1]::bigint END,
           CASE WHEN event_class.span IS NULL THEN bounds[2]::bigint END,
           CASE WHEN event_class.span IS NOT NULL THEN bounds[1]::timestamptz END,
           CASE WHEN event_class.span IS NOT NULL THEN bounds[2]::timestamptz END
    FROM headrace.event_class
    JOIN pg_inherits ON pg_inherits.inhparent = to_regclass(format('headrace.%I', 'event_' || event_class.name))
    JOIN pg_class AS leaf ON leaf.oid = pg_inherits.inhrelid
    CROSS JOIN LATERAL regexp_match(
        pg_get_expr(leaf.relpartbound, leaf.oid), '^FOR VALUES FROM \(''?([^'']*)''?\) TO \(''?([^'']*)''?\)$'
    ) AS bounds
    WHERE bounds IS NOT NULL
    ORDER BY event_class.name, 3, 5
$$;
COMMENT ON FUNCTION headrace.event_partitions IS
    'The partitions of the log with the positions, or the times of recording, from which and before which they hold events. Without the default ones.';

CREATE FUNCTION headrace.attach_event_partition(class text, partition text, low timestamptz, high timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parent text := 'event_' || class;
    has_strays boolean;
BEGIN
    IF low <= clock_timestamp() AND high > clock_timestamp() - interval '1 hour' THEN
        -- As for partitions by position: writers may be on their way to the default partition.
        LOCK TABLE headrace.event IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM headrace.%I WHERE recorded_at >= $1 AND recorded_at < $2)', parent || '_default')
        INTO has_strays USING low, high;
    IF has_strays THEN
        EXECUTE format('LOCK TABLE headrace.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
        EXECUTE format('WITH stray AS (DELETE FROM headrace.%I WHERE recorded_at >= $1 AND recorded_at < $2 RETURNING *) '
                       'INSERT INTO headrace.%I SELECT * FROM stray', parent || '_default', partition) USING low, high;
    END IF;
    EXECUTE format('ALTER TABLE headrace.%I ATTACH PARTITION headrace.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, partition, low, high);
END $$;
COMMENT ON FUNCTION headrace.attach_event_partition IS
    'Makes a table the partition of a class for a span of time, and moves what the default partition holds of it.';

CREATE FUNCTION headrace.ensure_event_spans(ahead integer, moment timestamptz) RETURNS integer
LANGUAGE plpgsql
SET lock_timeout = '2s'
SET timezone = 'UTC'
AS $$
DECLARE
    one record;
    today timestamptz := date_trunc('day', moment);
    low timestamptz;
    high timestamptz;
    has_strays boolean;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.ensure_event_partition', 0));
    FOR one IN SELECT event_class.name, event_class.span FROM headrace.event_class WHERE span IS NOT NULL ORDER BY 1 LOOP
        low := (SELECT max(known.high_at) FROM headrace.event_partitions() AS known WHERE known.class = one.name);
        low := coalesce(low, today);
        IF low < today THEN
            -- Nobody made partitions for a while. What was recorded meanwhile gets one, however wide.
            EXECUTE format('SELECT EXISTS (SELECT FROM headrace.%I WHERE recorded_at >= $1 AND recorded_at < $2)',
                           'event_' || one.name || '_default') INTO has_strays USING low, today;
        END IF;
        WHILE low <= moment + ahead * one.span LOOP
            IF low >= today THEN
                high := low + one.span;
            ELSIF has_strays THEN
                high := today;
            ELSE
                low := today;
                CONTINUE;
            END IF;
            EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                           'event_' || one.name || '_' || to_char(low, 'YYYYMMDD'));
            PERFORM headrace.attach_event_partition(
                one.name, 'event_' || one.name || '_' || to_char(low, 'YYYYMMDD'), low, high);
            made := made + 1;
            low := high;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION headrace.ensure_event_spans IS
    'Makes the partitions of the classes that go by time: that of a moment and so many after it. How many were made.';

CREATE FUNCTION headrace.event_line(event headrace.event) RETURNS text
LANGUAGE sql STABLE
-- The same text from every session.
SET timezone = 'UTC'
AS $$ SELECT to_json(event)::text $$;
COMMENT ON FUNCTION headrace.event_line IS 'An event as a line of an archive: one JSON object with all its columns.';

CREATE FUNCTION headrace.fill_event_partition(partition text, lines text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO headrace.%I SELECT event.* FROM unnest($1) AS line '
                   'CROSS JOIN LATERAL jsonb_populate_record(NULL::headrace.event, line::jsonb) AS event', partition) USING lines;
END $$;
COMMENT ON FUNCTION headrace.fill_event_partition IS
    'Writes lines of an archive into a table that is to become a partition of the log again.';

CREATE FUNCTION headrace.hold_event_partition(partition text, event_count bigint, last_position bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    found_count bigint;
    found_last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.ensure_event_partition', 0));
    IF NOT EXISTS (SELECT FROM headrace.event_partitions() AS known WHERE known.name = partition) THEN
        RETURN NULL;
    END IF;
    -- Against writers alone, while it is counted. The caller bounds the wait.
    EXECUTE format('LOCK TABLE headrace.%I IN EXCLUSIVE MODE', partition);
    EXECUTE format('SELECT count(*), coalesce(max(position), 0) FROM headrace.%I', partition) INTO found_count, found_last;
    RETURN found_count = event_count AND found_last = last_position;
END $$;
COMMENT ON FUNCTION headrace.hold_event_partition IS
    'Keeps a partition of the log as it is to the end of the transaction, and says whether it holds so many events up to a position; NULL where it is gone.';

CREATE FUNCTION headrace.drop_event_partition(partition text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parent text := (SELECT 'event_' || known.class FROM headrace.event_partitions() AS known WHERE known.name = partition);
BEGIN
    EXECUTE format('ALTER TABLE headrace.%I DETACH PARTITION headrace.%I', parent, partition);
    EXECUTE format('DROP TABLE headrace.%I', partition);
END $$;
COMMENT ON FUNCTION headrace.drop_event_partition IS
    'Drops a partition of the log, in the transaction that holds it. The caller bounds the wait for its readers.';

-- headrace.append is changed where it stores, and left as it is elsewhere.
DO $$
DECLARE
    before text := pg_get_functiondef('headrace.append'::regproc);
    body text := replace(replace(replace(before,
        'user_id, source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at)',
        'user_id, source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, retention)'),
        'coalesce(append.occurred_at, clock_timestamp()))',
        'coalesce(append.occurred_at, clock_timestamp()),
            CASE WHEN append.type LIKE ''job.%'' THEN ''lifecycle'' ELSE coalesce(known.retention, ''domain'') END)'),
        'IF stored.type = append.type AND', 'IF NOT FOUND THEN
                -- It has left the log. Its id has not, and nobody can say that it said something else.
                RETURN (SELECT claimed.position FROM headrace.given_id AS claimed
                        WHERE claimed.tenant_id = tenant AND claimed.id = append.id);
            END IF;
            IF stored.type = append.type AND');
BEGIN
    IF body NOT LIKE '%occurred_at, retention)%' OR body NOT LIKE '%coalesce(known.retention, ''domain'') END)%'
       OR body NOT LIKE '%It has left the log.%' THEN
        RAISE EXCEPTION 'headrace.append stores events otherwise than this migration expects';
    END IF;
    EXECUTE body;
END $$;

SELECT headrace.ensure_event_class('operational', interval '3 days');
SELECT headrace.ensure_event_class('lifecycle', interval '1 day');
SELECT headrace.ensure_event_spans(1, clock_timestamp());
