-- Tables of vectors are made and dropped as the owner, so that the CRM can run as a role that owns none.
-- Names are looked up where pgvector is, or will be: in its schema, else in the owner's first; and in no schema before PostgreSQL's own.

DO $$
DECLARE
    place text := coalesce(
        (SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'),
        current_schema());
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['ready_vectors()', 'ready_model(text, text, integer)', 'drop_models(smallint)'] LOOP
        EXECUTE format('ALTER FUNCTION crm.%s SECURITY DEFINER SET search_path = %I, pg_temp', one, place);
        EXECUTE format('REVOKE ALL ON FUNCTION crm.%s FROM PUBLIC', one);
    END LOOP;
END $$;
