-- Bringing back what retention has exported: a file of an archive becomes a partition of the log again.

CREATE FUNCTION headrace.begin_event_restore(partition text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.restore.' || partition, 0));
    IF to_regclass(format('headrace.%I', partition)) IS NULL THEN
        EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    END IF;
END $$;
COMMENT ON FUNCTION headrace.begin_event_restore IS
    'Makes the table that a partition of the log is restored into; of two who restore the same one, the other waits.';

CREATE FUNCTION headrace.end_event_restore(partition text, kept_until timestamptz) RETURNS void
LANGUAGE plpgsql
-- Attaching waits for the default partition; who waits behind it must not wait long.
SET lock_timeout = '2s'
AS $$
DECLARE
    known headrace.event_archive;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.ensure_event_partition', 0));
    SELECT * INTO known FROM headrace.event_archive WHERE event_archive.partition = end_event_restore.partition;
    IF known.low_at IS NULL THEN
        EXECUTE format('ALTER TABLE headrace.%I ATTACH PARTITION headrace.%I FOR VALUES FROM (%s) TO (%s)',
                       'event_' || known.class, partition, known.low_position, known.high_position);
    ELSE
        PERFORM headrace.attach_event_partition(known.class, partition, known.low_at, known.high_at);
    END IF;
    UPDATE headrace.event_archive SET restored_at = clock_timestamp(), keep_until = kept_until
    WHERE event_archive.partition = end_event_restore.partition;
END $$;
COMMENT ON FUNCTION headrace.end_event_restore IS
    'Makes a filled table the partition of the log again that it was, and keeps retention from it until then.';
