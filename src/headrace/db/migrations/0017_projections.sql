-- Projections: read models that are folds of the log, each in builds of its own, of which views show one.

CREATE TABLE headrace.projection (
    name        text PRIMARY KEY,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE headrace.projection IS 'The read models there are; the row is locked while a build of one is begun, shown or dropped.';

CREATE TABLE headrace.projection_build (
    projection    text NOT NULL REFERENCES headrace.projection,
    build         integer NOT NULL,
    version       integer NOT NULL,
    state         text NOT NULL CHECK (state IN ('filling', 'ready', 'unfit', 'live', 'kept', 'dropped')),
    view_schema   text NOT NULL,
    tables        text[] NOT NULL,
    swaps_itself  boolean NOT NULL,
    is_wanted     boolean NOT NULL DEFAULT false,
    fill_to       bigint NOT NULL,
    work_seconds  double precision NOT NULL DEFAULT 0,
    pace          jsonb,
    verdict       jsonb,
    last_error    text,
    began_at      timestamptz NOT NULL,
    filled_at     timestamptz,
    verified_at   timestamptz,
    shown_at      timestamptz,
    dropped_at    timestamptz,
    PRIMARY KEY (projection, build)
);
COMMENT ON TABLE headrace.projection_build IS
    'The builds of each projection: the tables of build 2 of p, its subscription and its schema are all named p__2.';
COMMENT ON COLUMN headrace.projection_build.is_wanted IS 'Somebody asked for the views to show it; a worker that has its fold does so.';
COMMENT ON COLUMN headrace.projection_build.work_seconds IS 'How long filling took so far, without rests and without what a crash undid.';
CREATE UNIQUE INDEX projection_live ON headrace.projection_build (projection) WHERE state = 'live';
CREATE UNIQUE INDEX projection_candidate ON headrace.projection_build (projection)
    WHERE state IN ('filling', 'ready', 'unfit');

ALTER TABLE headrace.subscription_action DROP CONSTRAINT subscription_action_action_check;
ALTER TABLE headrace.subscription_action ADD CONSTRAINT subscription_action_action_check
    CHECK (action IN ('pause', 'resume', 'skip', 'replay', 'lanes', 'rebuild', 'swap', 'drop'));

CREATE FUNCTION headrace.show_build(view_schema text, tables text[], build_schema text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    table_name text;
    view_name text;
    target text;
    kind "char";
    grants text[];
    one text;
BEGIN
    FOREACH table_name IN ARRAY tables LOOP
        view_name := format('%I.%I', view_schema, table_name);
        target := format('%I.%I', build_schema, table_name);
        kind := (SELECT relkind FROM pg_catalog.pg_class WHERE oid = to_regclass(view_name));
        IF kind IS NULL THEN
            EXECUTE format('CREATE VIEW %s AS SELECT * FROM %s', view_name, target);
            CONTINUE;
        ELSIF kind <> 'v' THEN
            RAISE EXCEPTION USING ERRCODE = 'RE030',
                MESSAGE = format('%s is no view, so that a projection cannot be shown there', view_name),
                HINT = 'Rename it, or give the projection another name or schema.';
        END IF;
        BEGIN
            -- Keeps privileges and what depends on the view.
            EXECUTE format('CREATE OR REPLACE VIEW %s AS SELECT * FROM %s', view_name, target);
        EXCEPTION WHEN invalid_table_definition THEN
            -- Its columns are others: made anew, with the privileges it had.
            grants := ARRAY(
                SELECT format('GRANT %s ON %s TO %s%s', acl.privilege_type, view_name,
                              CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
                              CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM pg_catalog.pg_class, aclexplode(pg_class.relacl) AS acl
                WHERE pg_class.oid = to_regclass(view_name)
            );
            EXECUTE format('DROP VIEW %s', view_name);
            EXECUTE format('CREATE VIEW %s AS SELECT * FROM %s', view_name, target);
            FOREACH one IN ARRAY grants LOOP
                EXECUTE one;
            END LOOP;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION headrace.show_build IS 'Lets the views of a projection show the tables of one build, in the caller''s transaction.';
