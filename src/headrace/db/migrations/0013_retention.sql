-- Retention: days of ended jobs are dropped whole, and what must stay of them is moved into a small partition first.

CREATE TABLE headrace.retired_day (
    day         date PRIMARY KEY,
    retired_at  timestamptz NOT NULL,
    kept_count  integer NOT NULL
);
COMMENT ON TABLE headrace.retired_day IS
    'Days whose partitions were dropped, or written anew with what had to stay. A row goes when what was kept beside them is deleted.';

CREATE FUNCTION headrace.day_tables() RETURNS TABLE (parent text, key_column text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT pg_class.relname::text, pg_attribute.attname::text
    FROM pg_partitioned_table
    JOIN pg_class ON pg_class.oid = pg_partitioned_table.partrelid
    JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attnum = pg_partitioned_table.partattrs[0]
    WHERE pg_class.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'headrace')
      AND pg_attribute.atttypid = 'uuid'::regtype
    ORDER BY pg_class.relname <> 'job', pg_class.relname;
END;
COMMENT ON FUNCTION headrace.day_tables IS
    'The tables partitioned by the day in a job''s id: all that retention drops. Their partitions are named like job_20310501.';

CREATE FUNCTION headrace.kept_jobs(
    low uuid, high uuid, completed interval, failed interval, cancelled interval, dead interval, moment timestamptz
) RETURNS SETOF uuid
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT run.job_id FROM headrace.run WHERE run.job_id >= low AND run.job_id < high
    UNION
    SELECT outcome.job_id FROM headrace.outcome
    WHERE outcome.job_id >= low AND outcome.job_id < high
      AND coalesce(outcome.ended_at > moment - CASE outcome.state
          WHEN 'completed' THEN completed WHEN 'failed' THEN failed WHEN 'cancelled' THEN cancelled WHEN 'dead' THEN dead
      END, true)
    UNION
    SELECT dependency.depends_on FROM headrace.dependency
    WHERE dependency.depends_on >= low AND dependency.depends_on < high
      AND EXISTS (SELECT FROM headrace.run WHERE run.job_id = dependency.job_id);
END;
COMMENT ON FUNCTION headrace.kept_jobs IS
    'The jobs of a range of ids that must stay: living ones, ended ones for so long after their end (NULL: for ever), and those a living job depends on.';

CREATE FUNCTION headrace.retire_day(
    day date, completed interval, failed interval, cancelled interval, dead interval, moment timestamptz, most integer
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    low uuid := headrace.uuid7_floor(day::timestamp AT TIME ZONE 'UTC');
    high uuid := headrace.uuid7_floor((day + 1)::timestamp AT TIME ZONE 'UTC');
    kept uuid[];
    child text;
    one record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('headrace.ensure_day'));
    -- First the day alone, against all but readers: no job of it ends, comes back or is depended on while it is read and what
    -- must stay is copied, which takes its time. Claims read only. The caller bounds the wait for each lock.
    FOR one IN SELECT * FROM headrace.day_tables() LOOP
        child := one.parent || '_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(format('headrace.%I', child)) IS NOT NULL THEN
            EXECUTE format('LOCK TABLE headrace.%I IN EXCLUSIVE MODE', child);
        END IF;
    END LOOP;
    kept := ARRAY(SELECT headrace.kept_jobs(low, high, completed, failed, cancelled, dead, moment) LIMIT most + 1);
    IF cardinality(kept) > most THEN
        RETURN NULL;
    END IF;
    FOR one IN SELECT * FROM headrace.day_tables() LOOP
        child := one.parent || '_' || to_char(day, 'YYYYMMDD');
        IF cardinality(kept) > 0 AND to_regclass(format('headrace.%I', child)) IS NOT NULL THEN
            EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                           child || '_kept', one.parent);
            EXECUTE format('INSERT INTO headrace.%I SELECT * FROM headrace.%I WHERE %I = ANY ($1)',
                           child || '_kept', child, one.key_column) USING kept;
        END IF;
    END LOOP;
    -- Then the partitioned tables, against everybody, for the catalog's sake only.
    FOR one IN SELECT * FROM headrace.day_tables() LOOP
        child := one.parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('headrace.%I', child)) IS NULL;
        EXECUTE format('ALTER TABLE headrace.%I DETACH PARTITION headrace.%I', one.parent, child);
        EXECUTE format('DROP TABLE headrace.%I', child);
        IF cardinality(kept) > 0 THEN
            EXECUTE format('ALTER TABLE headrace.%I RENAME TO %I', child || '_kept', child);
            EXECUTE format('ALTER TABLE headrace.%I ATTACH PARTITION headrace.%I FOR VALUES FROM (%L) TO (%L)',
                           one.parent, child, low, high);
        END IF;
    END LOOP;
    INSERT INTO headrace.retired_day AS known (day, retired_at, kept_count) VALUES (day, moment, cardinality(kept))
    ON CONFLICT ON CONSTRAINT retired_day_pkey DO UPDATE
    SET retired_at = excluded.retired_at, kept_count = excluded.kept_count;
    RETURN cardinality(kept);
END $$;
COMMENT ON FUNCTION headrace.retire_day IS
    'Drops the partitions of a UTC day; the jobs that must stay, so many at most, are moved into new ones first. How many stay; NULL, and nothing done, where there are more.';
