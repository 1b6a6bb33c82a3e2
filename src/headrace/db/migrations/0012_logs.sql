-- What handlers log, kept with their attempts.

CREATE TABLE headrace.job_log (
    job_id         uuid NOT NULL,
    lease          bigint NOT NULL,
    line           integer NOT NULL,
    attempt        smallint NOT NULL,
    logged_at      timestamptz NOT NULL,
    level          smallint NOT NULL,
    logger         text NOT NULL,
    message        text NOT NULL,
    dropped_count  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, lease, line)
) PARTITION BY RANGE (job_id);
COMMENT ON TABLE headrace.job_log IS 'What the handler of a job logged in each attempt, bounded; day partitions as those of the job.';
COMMENT ON COLUMN headrace.job_log.lease IS 'Tells attempts of one number apart: one that did not count has the number of the next.';
COMMENT ON COLUMN headrace.job_log.level IS 'As in logging of Python: 10 debug, 20 info, 30 warning, 40 error, 50 critical.';
COMMENT ON COLUMN headrace.job_log.dropped_count IS 'In the last line of an attempt that logged more than is kept: how many lines are missing.';

CREATE TABLE headrace.job_log_default PARTITION OF headrace.job_log DEFAULT;

CREATE OR REPLACE FUNCTION headrace.ensure_day(day date) RETURNS boolean
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
    FOREACH parent IN ARRAY ARRAY['job', 'outcome', 'failure', 'job_log'] LOOP
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

SELECT headrace.ensure_day((current_timestamp AT TIME ZONE 'UTC')::date + n) FROM generate_series(0, 3) AS n;
