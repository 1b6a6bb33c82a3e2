-- Appending from anywhere: ids that producers choose, the event types that applications know, and a function to append with.

CREATE TABLE headrace.given_id (
    tenant_id  text NOT NULL DEFAULT '',
    id         uuid NOT NULL,
    position   bigint,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80);
COMMENT ON TABLE headrace.given_id IS
    'The events whose producer chose the id, and where they are: what makes a repeated append find the first. Claimed before the stream is locked.';

CREATE TABLE headrace.event_type (
    name        text NOT NULL,
    version     smallint NOT NULL,
    schema      jsonb NOT NULL,
    json_types  text[],
    fields      jsonb NOT NULL,
    required    text[] NOT NULL,
    is_closed   boolean NOT NULL,
    app         text NOT NULL,
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE headrace.event_type IS
    'The event types that applications have registered, with their JSON Schema and what plain SQL checks of it. Workers write them when they start, and hourly.';

CREATE FUNCTION headrace.append(
    type            text,
    data            jsonb,
    aggregate_type  text DEFAULT NULL,
    aggregate_id    text DEFAULT NULL,
    expected        bigint DEFAULT -1,
    schema_version  integer DEFAULT NULL,
    id              uuid DEFAULT NULL,
    occurred_at     timestamptz DEFAULT NULL,
    source          text DEFAULT 'sql',
    correlation_id  uuid DEFAULT NULL,
    causation_id    uuid DEFAULT NULL,
    causation_kind  text DEFAULT NULL,
    tenant_id       text DEFAULT '',
    user_id         text DEFAULT NULL,
    actor           text DEFAULT NULL,
    traceparent     text DEFAULT NULL,
    require_known   boolean DEFAULT true,
    wake            boolean DEFAULT false
) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    most_bytes CONSTANT integer := 1024 * 1024;
    longest_name CONSTANT integer := 200;
    tenant text := coalesce(append.tenant_id, '');
    wanted bigint := coalesce(append.expected, -1);
    known headrace.event_type%ROWTYPE;
    stored headrace.event%ROWTYPE;
    number smallint;
    field text;
    types jsonb;
    found_type text;
    event_id uuid := coalesce(append.id, headrace.uuid7());
    at_version bigint;
    new_version bigint;
    new_position bigint;
BEGIN
    IF append.type IS NULL OR append.type COLLATE "C" !~ '^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$' OR append.type ~ '\n' THEN
        RAISE EXCEPTION USING ERRCODE = 'RE001',
            MESSAGE = format('an event type has 1 to 200 letters, digits, and _ . : / - after the first, got %L', left(append.type, 50)),
            HINT = 'Write it like ''contact.created''.';
    END IF;
    IF append.schema_version NOT BETWEEN 1 AND 32767 THEN
        RAISE EXCEPTION USING ERRCODE = 'RE002',
            MESSAGE = format('schema_version must be 1 to 32767, got %s', append.schema_version),
            HINT = 'Leave schema_version out for the newest version known.';
    END IF;
    SELECT * INTO known FROM headrace.event_type AS registered
    WHERE registered.name = append.type
      AND (append.schema_version IS NULL OR registered.version = append.schema_version)
    ORDER BY registered.version DESC LIMIT 1;
    IF coalesce(append.require_known, true) AND known.name IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RE003',
            MESSAGE = format('event type %L%s is not known: no worker of an application that registers it has started yet',
                             append.type, coalesce(' in version ' || append.schema_version, '')),
            HINT = 'Known types stand in headrace.event_type. Start a worker, or give require_known => false.';
    END IF;
    number := coalesce(append.schema_version, known.version, 1);
    IF append.data IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RE004',
            MESSAGE = format('data of event %L must be JSON, got NULL', append.type),
            HINT = 'Give ''{}'' where there is nothing to say.';
    ELSIF octet_length(append.data::text) > most_bytes THEN
        RAISE EXCEPTION USING ERRCODE = 'RE005',
            MESSAGE = format('data of event %L have %s bytes, more than the limit of %s',
                             append.type, octet_length(append.data::text), most_bytes),
            HINT = 'Store the large part elsewhere and its reference here.';
    END IF;
    IF known.name IS NOT NULL THEN
        IF known.json_types IS NOT NULL AND jsonb_typeof(append.data) <> ALL (known.json_types) THEN
            RAISE EXCEPTION USING ERRCODE = 'RE004',
                MESSAGE = format('data of event %L v%s must be a JSON %s, got a JSON %s', append.type, number,
                                 array_to_string(known.json_types, ' or '), jsonb_typeof(append.data)),
                HINT = 'headrace.event_type has the JSON Schema.';
        END IF;
        IF jsonb_typeof(append.data) = 'object' THEN
            SELECT missing INTO field FROM unnest(known.required) AS missing
            WHERE NOT append.data ? missing ORDER BY missing LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'RE004',
                    MESSAGE = format('data of event %L v%s must have the field %I, got none', append.type, number, field),
                    HINT = 'headrace.event_type has the JSON Schema.';
            END IF;
            FOR field, types IN SELECT key, value FROM jsonb_each(known.fields) ORDER BY key LOOP
                found_type := jsonb_typeof(append.data -> field);
                -- A number without a fraction is an integer as well; written 1.0 it is not, as for those who read it.
                CONTINUE WHEN found_type IS NULL OR types = 'null' OR types ? found_type
                    OR (found_type = 'number' AND types ? 'integer' AND append.data ->> field ~ '^-?[0-9]+$');
                RAISE EXCEPTION USING ERRCODE = 'RE004',
                    MESSAGE = format('field %I of event %L v%s must be a JSON %s, got %s', field, append.type, number,
                                     (SELECT string_agg(one, ' or ' ORDER BY one) FROM jsonb_array_elements_text(types) AS one),
                                     left((append.data -> field)::text, 50)),
                    HINT = 'headrace.event_type has the JSON Schema.';
            END LOOP;
            IF known.is_closed THEN
                SELECT key INTO field FROM jsonb_object_keys(append.data) AS key
                WHERE NOT known.fields ? key ORDER BY key LIMIT 1;
                IF FOUND THEN
                    RAISE EXCEPTION USING ERRCODE = 'RE004',
                        MESSAGE = format('data of event %L v%s must not have the field %I', append.type, number, field),
                        HINT = 'headrace.event_type has the JSON Schema.';
                END IF;
            END IF;
        END IF;
    END IF;
    IF num_nonnulls(append.aggregate_type, append.aggregate_id) = 1
       OR char_length(append.aggregate_type) NOT BETWEEN 1 AND longest_name
       OR char_length(append.aggregate_id) NOT BETWEEN 1 AND longest_name
       OR char_length(tenant) > longest_name THEN
        RAISE EXCEPTION USING ERRCODE = 'RE006',
            MESSAGE = format('aggregate_type and aggregate_id have 1 to %s characters each, tenant_id at most as many; got %L, %L and %L',
                             longest_name, left(append.aggregate_type, 50), left(append.aggregate_id, 50), left(tenant, 50)),
            HINT = 'Leave aggregate_type and aggregate_id out together for an event outside any stream.';
    END IF;
    IF wanted < -1 OR (wanted <> -1 AND append.aggregate_type IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'RE007',
            MESSAGE = format('expected must be -1 for any version, or the version of a stream, got %s', wanted),
            HINT = '0 stands for a stream without events. Give aggregate_type and aggregate_id with it.';
    END IF;
    IF append.occurred_at NOT BETWEEN '0002-01-01 00:00:00+00' AND '9999-12-30 00:00:00+00' THEN
        RAISE EXCEPTION USING ERRCODE = 'RE008',
            MESSAGE = format('occurred_at must be in the years 2 to 9999, got %s', append.occurred_at),
            HINT = 'Leave occurred_at out for now.';
    END IF;
    IF append.causation_kind NOT IN ('request', 'job', 'event') THEN
        RAISE EXCEPTION USING ERRCODE = 'RE009',
            MESSAGE = format('causation_kind must be request, job or event, got %L', left(append.causation_kind, 50)),
            HINT = 'It says what causation_id is the id of.';
    END IF;

    IF append.id IS NOT NULL THEN
        INSERT INTO headrace.given_id (tenant_id, id) VALUES (tenant, append.id)
        ON CONFLICT (tenant_id, id) DO NOTHING;
        IF NOT FOUND THEN
            SELECT event.* INTO stored
            FROM headrace.given_id AS claimed JOIN headrace.event ON event.position = claimed.position
            WHERE claimed.tenant_id = tenant AND claimed.id = append.id;
            IF stored.type = append.type AND stored.schema_version = number AND stored.data = append.data
               AND stored.aggregate_type IS NOT DISTINCT FROM append.aggregate_type
               AND stored.aggregate_id IS NOT DISTINCT FROM append.aggregate_id THEN
                RETURN stored.position;
            END IF;
            -- What is stored is named, its data are not shown: who may append need not be one who may read.
            RAISE EXCEPTION USING ERRCODE = 'RE010',
                MESSAGE = format('event %s is stored at position %s as %s v%s of %s with other content, given as %s v%s of %s: %s',
                    append.id, stored.position, stored.type, stored.schema_version,
                    coalesce(stored.aggregate_type || '/' || stored.aggregate_id, 'no stream'),
                    append.type, number, coalesce(append.aggregate_type || '/' || append.aggregate_id, 'no stream'),
                    left(append.data::text, 300)),
                HINT = 'An id names one event for ever. Append the other under an id of its own.';
        END IF;
    END IF;
    IF append.aggregate_type IS NOT NULL THEN
        INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
        SELECT tenant, append.aggregate_type, append.aggregate_id, 1
        WHERE wanted <= 0 OR EXISTS (
            SELECT FROM headrace.stream AS there
            WHERE there.tenant_id = tenant AND there.aggregate_type = append.aggregate_type
              AND there.aggregate_id = append.aggregate_id
        )
        ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE
            SET version = stream.version + 1
            WHERE wanted = -1 OR stream.version = wanted
        RETURNING version INTO new_version;
        IF NOT FOUND THEN
            SELECT version INTO at_version FROM headrace.stream AS there
            WHERE there.tenant_id = tenant AND there.aggregate_type = append.aggregate_type
              AND there.aggregate_id = append.aggregate_id;
            RAISE EXCEPTION USING ERRCODE = 'RE011',
                MESSAGE = format('stream %s/%s is at version %s, expected %s',
                                 append.aggregate_type, append.aggregate_id, coalesce(at_version, 0), wanted),
                HINT = 'Read the stream again, decide anew and append with the new version.';
        END IF;
    END IF;
    INSERT INTO headrace.event (tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data,
                                user_id, source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at)
    VALUES (tenant, append.aggregate_type, append.aggregate_id, new_version, event_id, append.type, number, append.data,
            append.user_id, coalesce(append.source, 'sql'), coalesce(append.correlation_id, event_id), append.causation_id,
            append.causation_kind, append.actor, append.traceparent, coalesce(append.occurred_at, clock_timestamp()))
    RETURNING position INTO new_position;
    IF append.id IS NOT NULL THEN
        UPDATE headrace.given_id AS claimed SET position = new_position
        WHERE claimed.tenant_id = tenant AND claimed.id = append.id;
    END IF;
    IF append.wake THEN
        PERFORM pg_notify('headrace_events', '');
    END IF;
    RETURN new_position;
END $$;
COMMENT ON FUNCTION headrace.append IS
    'Appends an event in the caller''s transaction; its position, or that of the event stored under the id. May be granted alone.';
-- Runs with its owner's rights, so nobody may call it who was not told so.
REVOKE ALL ON FUNCTION headrace.append FROM PUBLIC;
