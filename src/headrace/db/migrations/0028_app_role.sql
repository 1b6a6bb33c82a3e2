-- Two roles: the owner, who migrates, and the application's, which adds to the log and changes nothing in it.

CREATE TABLE headrace.app_role (
    name          text PRIMARY KEY,
    schemas       text[] NOT NULL,
    drops_events  boolean NOT NULL,
    granted_at    timestamptz NOT NULL
);
COMMENT ON TABLE headrace.app_role IS
    'The roles that headrace.grant_app was called for. Each migration grants them what it adds.';

-- What needs the owner: partitions are made, filled, attached and dropped. They do it as the owner, with a search path nobody else sets.
ALTER FUNCTION headrace.ensure_day(date) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.retire_day(date, interval, interval, interval, interval, timestamptz, integer)
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.ensure_event_partition(bigint, integer) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.ensure_event_class(text, interval) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.ensure_event_spans(integer, timestamptz) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.hold_event_partition(text, bigint, bigint) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.drop_event_partition(text) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION headrace.end_event_restore(text, timestamptz) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

CREATE FUNCTION headrace.is_restorable(partition text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM headrace.event_archive WHERE event_archive.partition = is_restorable.partition)
    AND NOT EXISTS (SELECT FROM headrace.event_partitions() AS known WHERE known.name = is_restorable.partition);
COMMENT ON FUNCTION headrace.is_restorable IS 'Whether a partition was dropped from the log and is not in it again.';

CREATE OR REPLACE FUNCTION headrace.begin_event_restore(partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('headrace.restore.' || partition, 0));
    -- Nothing else is made in the owner's schema, whatever name is given.
    IF headrace.is_restorable(partition) AND to_regclass(format('headrace.%I', partition)) IS NULL THEN
        EXECUTE format('CREATE TABLE headrace.%I (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION headrace.fill_event_partition(partition text, lines text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT headrace.is_restorable(partition) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%I is no partition that was dropped from the log', partition),
            HINT = 'Restore a file of the archive by `headrace events archive restore`.';
    END IF;
    EXECUTE format('INSERT INTO headrace.%I SELECT event.* FROM unnest($1) AS line '
                   'CROSS JOIN LATERAL jsonb_populate_record(NULL::headrace.event, line::jsonb) AS event', partition) USING lines;
END $$;

REVOKE ALL ON FUNCTION
    headrace.ensure_day(date),
    headrace.retire_day(date, interval, interval, interval, interval, timestamptz, integer),
    headrace.ensure_event_partition(bigint, integer),
    headrace.ensure_event_class(text, interval),
    headrace.ensure_event_spans(integer, timestamptz),
    headrace.hold_event_partition(text, bigint, bigint),
    headrace.drop_event_partition(text),
    headrace.begin_event_restore(text),
    headrace.fill_event_partition(text, text[]),
    headrace.end_event_restore(text, timestamptz)
FROM PUBLIC;

CREATE FUNCTION headrace.grant_app(role text, schemas text[] DEFAULT '{}', drops_events boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- Whole partitions of the log come and go by these alone.
    log_keepers CONSTANT text[] := ARRAY['hold_event_partition', 'drop_event_partition', 'begin_event_restore',
                                         'fill_event_partition', 'end_event_restore'];
    owner_id oid := (SELECT relowner FROM pg_class WHERE oid = 'headrace.event'::regclass);
    owner_name text := (SELECT rolname FROM pg_roles WHERE oid = owner_id);
    role_id oid := (SELECT oid FROM pg_roles WHERE rolname = role);
    database text := current_database();
    one record;
BEGIN
    IF role_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no role %I', role),
            HINT = format('CREATE ROLE %I LOGIN first.', role);
    ELSIF pg_has_role(role_id, owner_id, 'MEMBER') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('role %I is, or may become, the owner of the log (%I), whom no privilege binds', role, owner_name),
            HINT = 'Give the application a role of its own that is no superuser and no member of the owner.';
    ELSIF 'headrace' = ANY (schemas) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'schema headrace is granted anyway, and by the table',
            HINT = 'Name the schemas of the application alone.';
    END IF;

    -- What it was granted before is taken back first, so that this says all it may.
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA headrace FROM %I', role);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA headrace FROM %I', role);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA headrace FROM %I', role);
    EXECUTE format('REVOKE ALL ON SCHEMA headrace FROM %I', role);
    EXECUTE format('GRANT USAGE ON SCHEMA headrace TO %I', role);
    -- Partitions are reached through their tables; by themselves but those in which retention looks for strays.
    FOR one IN SELECT relname, relkind FROM pg_class
               WHERE relnamespace = 'headrace'::regnamespace AND relkind IN ('r', 'p', 'v')
                 AND (NOT relispartition OR relname IN ('job_default', 'outcome_default')) LOOP
        EXECUTE format('GRANT %s ON headrace.%I TO %I', CASE
            -- Not the position: it is drawn by the default, and one that is chosen readers may have passed.
            WHEN one.relname = 'event' THEN (
                SELECT format('SELECT, INSERT (%s)', string_agg(quote_ident(attname), ', ')) FROM pg_attribute
                WHERE attrelid = 'headrace.event'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'position')
            WHEN one.relkind = 'v' OR one.relname IN ('migration', 'app_role', 'job_default', 'outcome_default') THEN 'SELECT'
            WHEN one.relname = 'event_archive' AND NOT drops_events THEN 'SELECT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE'
        END, one.relname, role);
    END LOOP;
    -- Not those of columns: the default draws from them for who may insert, and nothing else may draw positions.
    FOR one IN SELECT relname FROM pg_class
               WHERE relnamespace = 'headrace'::regnamespace AND relkind = 'S'
                 AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                                 AND deptype IN ('i', 'a')) LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE headrace.%I TO %I', one.relname, role);
    END LOOP;
    FOR one IN SELECT oid::regprocedure AS called FROM pg_proc
               WHERE pronamespace = 'headrace'::regnamespace AND proname <> 'grant_app'
                 AND (drops_events OR proname <> ALL (log_keepers)) LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', one.called, role);
    END LOOP;

    EXECUTE format('REVOKE ALL ON DATABASE %I FROM %I', database, role);
    -- Imports are staged in temporary tables; builds of projections are schemas of their own, shown by views in the app's.
    EXECUTE format('GRANT %s ON DATABASE %I TO %I',
                   CASE WHEN schemas = '{}' THEN 'TEMPORARY' ELSE 'TEMPORARY, CREATE' END, database, role);
    IF NOT has_database_privilege(role_id, database, 'TEMPORARY')
       OR schemas <> '{}' AND NOT has_database_privilege(role_id, database, 'CREATE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%I may not grant CREATE and TEMPORARY on database %I', current_user, database),
            HINT = format('Have its owner run: GRANT CREATE, TEMPORARY ON DATABASE %I TO %I', database, role);
    END IF;
    FOR one IN SELECT given AS name, to_regnamespace(quote_ident(given)) AS id FROM unnest(schemas) AS given LOOP
        IF one.id IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name', MESSAGE = format('there is no schema %I', one.name),
                HINT = 'Migrate first.';
        END IF;
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', one.name, role);
        IF NOT has_schema_privilege(role_id, one.id, 'CREATE') THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = format('%I may not grant CREATE on schema %I', current_user, one.name),
                HINT = format('Have its owner run: GRANT USAGE, CREATE ON SCHEMA %I TO %I', one.name, role);
        END IF;
        PERFORM headrace.grant_schema(role, one.name);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
                       owner_name, one.name, role);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I',
                       owner_name, one.name, role);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT EXECUTE ON FUNCTIONS TO %I',
                       owner_name, one.name, role);
    END LOOP;
    PERFORM headrace.hand_over_builds(role, owner_id);

    INSERT INTO headrace.app_role AS known (name, schemas, drops_events, granted_at)
    VALUES (role, schemas, drops_events, clock_timestamp())
    ON CONFLICT ON CONSTRAINT app_role_pkey DO UPDATE
    SET schemas = excluded.schemas, drops_events = excluded.drops_events, granted_at = excluded.granted_at;
END $$;
COMMENT ON FUNCTION headrace.grant_app IS
    'Grants a role what an application needs, its workers and console among it, and no more: of the log to read and to append. The owner calls it.';
REVOKE ALL ON FUNCTION headrace.grant_app FROM PUBLIC;

CREATE FUNCTION headrace.grant_schema(role text, schema text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    one record;
BEGIN
    -- What belongs to others, such as an extension's functions or what the role has made itself, is left alone.
    FOR one IN SELECT oid::regclass AS name, relkind FROM pg_class
               WHERE relnamespace = to_regnamespace(quote_ident(schema)) AND relkind IN ('r', 'p', 'v', 'm', 'S')
                 AND pg_has_role(current_user, relowner, 'USAGE') AND NOT pg_has_role(role, relowner, 'USAGE') LOOP
        EXECUTE format('GRANT %s %s TO %I', CASE
            WHEN one.relkind = 'S' THEN 'USAGE, SELECT ON SEQUENCE'
            WHEN one.relkind = 'm' THEN 'SELECT ON'
            ELSE 'SELECT, INSERT, UPDATE, DELETE ON'
        END, one.name, role);
    END LOOP;
    FOR one IN SELECT oid::regprocedure AS called FROM pg_proc
               WHERE pronamespace = to_regnamespace(quote_ident(schema)) AND prokind IN ('f', 'a', 'w')
                 AND pg_has_role(current_user, proowner, 'USAGE') AND NOT pg_has_role(role, proowner, 'USAGE') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', one.called, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION headrace.grant_schema IS 'Grants a role to read and write what the caller has in a schema of the application.';

CREATE FUNCTION headrace.hand_over_builds(role text, owner_id oid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    one record;
    relation record;
BEGIN
    FOR one IN SELECT build.projection || '__' || build.build AS name, build.view_schema, build.tables
               FROM headrace.projection_build AS build
               JOIN pg_namespace ON nspname = build.projection || '__' || build.build AND nspowner = owner_id
               WHERE build.state <> 'dropped' ORDER BY 1 LOOP
        IF NOT pg_has_role(current_user, role, 'MEMBER') THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = format('build %I of a projection was made by the owner, and is to be the role''s who folds into it', one.name),
                HINT = format('GRANT %I TO %I for as long as this takes.', role, current_user);
        END IF;
        EXECUTE format('ALTER SCHEMA %I OWNER TO %I', one.name, role);
        FOR relation IN SELECT pg_class.oid::regclass AS name, relkind FROM pg_class
                        WHERE relowner = owner_id
                          AND (relnamespace = to_regnamespace(quote_ident(one.name)) AND relkind IN ('r', 'p', 'v', 'm')
                               OR relnamespace = to_regnamespace(quote_ident(one.view_schema)) AND relkind = 'v'
                                  AND relname = ANY (one.tables)) LOOP
            EXECUTE format('ALTER %s %s OWNER TO %I', CASE relation.relkind
                WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, relation.name, role);
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION headrace.hand_over_builds IS
    'Makes builds of projections that the owner made the role''s, which is to fold into them, show and drop them.';
