-- Personal data: the keys of subjects, proofs that they were deleted, and no way around them in plain SQL.

CREATE TABLE headrace.subject_key (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    text NOT NULL DEFAULT '',
    subject      text NOT NULL,
    wrapped      bytea,
    fingerprint  text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at    timestamptz,
    CONSTRAINT subject_key_whose UNIQUE (tenant_id, subject),
    CONSTRAINT subject_key_erased CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);
COMMENT ON TABLE headrace.subject_key IS
    'The keys that personal values of events are encrypted with, one a subject, wrapped by a key that is not in the database. An erased subject keeps its row without a key, so that it gets no other.';

CREATE TABLE headrace.erasure (
    id               uuid PRIMARY KEY,
    tenant_id        text NOT NULL,
    subject          text NOT NULL,
    key_id           bigint NOT NULL,
    key_fingerprint  text,
    event_counts     jsonb NOT NULL,
    handlers         text[] NOT NULL,
    position         bigint NOT NULL,
    actor            text NOT NULL,
    reason           text,
    erased_at        timestamptz NOT NULL
);
COMMENT ON TABLE headrace.erasure IS
    'Proofs of erasure: whose key was deleted, by whom, why and when; how many events had values under it, and which handlers read such events.';

ALTER TABLE headrace.event_type ADD COLUMN personal text[] NOT NULL DEFAULT '{}';

CREATE FUNCTION headrace.same_but_erased(stored jsonb, given jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN jsonb_typeof(stored) = 'object' AND jsonb_typeof(given) = 'object' AND (
    WITH erased AS (
        SELECT array_agg(key) AS fields FROM jsonb_each(CASE WHEN jsonb_typeof(given) = 'object' THEN given ELSE '{}' END)
        WHERE value @> '{"$personal": {"key": null}}' AND stored -> key ? '$personal'
    )
    SELECT coalesce(stored - fields = given - fields, false) FROM erased
);
COMMENT ON FUNCTION headrace.same_but_erased IS
    'Whether two events'' data are the same but for values of erased subjects, which nobody can compare any more.';

-- The function as it is, with one refusal more; its other lines are those of the migrations before.
DO $edit$
DECLARE
    definition text := pg_get_functiondef('headrace.append'::regproc);
    anchor text := 'number := coalesce(append.schema_version, known.version, 1);';
BEGIN
    IF position(anchor IN definition) = 0 THEN
        RAISE EXCEPTION 'headrace.append is not the function this migration changes';
    END IF;
    EXECUTE replace(definition, anchor, anchor || $check$
    IF jsonb_typeof(append.data) = 'object' AND append.data ?| known.personal THEN
        RAISE EXCEPTION USING ERRCODE = 'RE012',
            MESSAGE = format('event %L has personal fields (%s), which are encrypted, and plain SQL cannot do that',
                             append.type, array_to_string(known.personal, ', ')),
            HINT = 'Append it from Python, or enqueue a job that does.';
    END IF;$check$);
END $edit$;
