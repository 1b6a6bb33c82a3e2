-- A job knows its unique key for good, so that it holds it again when it is brought back.

ALTER TABLE headrace.job ADD COLUMN unique_key text, ADD COLUMN unique_while text;
COMMENT ON COLUMN headrace.job.unique_key IS 'Its kind, a separator and its key; NULL where it is not unique. Here as well, for jobs that are brought back.';
COMMENT ON COLUMN headrace.job.unique_while IS 'How long it holds unique_key: waiting (until claimed) or alive (until ended).';

-- Those that ended before have no key; those that live have theirs. Few rows, by run_unique_key.
UPDATE headrace.job SET unique_key = run.unique_key, unique_while = run.unique_while
FROM headrace.run WHERE run.job_id = job.id AND run.unique_key IS NOT NULL;

ALTER TABLE headrace.operation ADD COLUMN key_held_count bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN headrace.operation.key_held_count IS 'How many were not brought back because another job holds their unique key.';

-- headrace.enqueue is changed where it stores, and left as it is elsewhere.
DO $$
DECLARE
    body text := replace(replace(pg_get_functiondef('headrace.enqueue'::regproc),
        'actor, traceparent, limit_key, weight, is_told)',
        'actor, traceparent, limit_key, weight, is_told, unique_key, unique_while)'),
        'share, cost, known.is_told);',
        'share, cost, known.is_told, key, CASE WHEN key IS NOT NULL THEN enqueue.unique_scope END);');
BEGIN
    IF body NOT LIKE '%is_told, unique_key, unique_while)%' OR body NOT LIKE '%known.is_told, key, CASE%' THEN
        RAISE EXCEPTION 'headrace.enqueue stores jobs otherwise than this migration expects';
    END IF;
    EXECUTE body;
END $$;
