-- The log is append-only: whoever changes or deletes an event is refused, in whatever way they came.

CREATE FUNCTION headrace.refuse_event_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- The functions below take rows out of a default partition to put them into the one made for them, in the same statement.
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME LIKE '%\_default' AND current_setting('headrace.moves_strays', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'RE013',
        MESSAGE = format('the log is append-only: event %s (%s) cannot be %s',
                         OLD.position, OLD.type, CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'changed' END),
        HINT = 'Append an event that corrects it; erase a subject to forget its personal values; '
               'let a retention class drop old events by the partition.';
END $$;
COMMENT ON FUNCTION headrace.refuse_event_change IS
    'Refuses to change or delete an event. Lets strays be moved out of a default partition by the functions that are set to.';

-- Partitions get it as they are made or attached. No trigger for INSERT: appending and COPY cost what they did.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON headrace.event
    FOR EACH ROW EXECUTE FUNCTION headrace.refuse_event_change();
COMMENT ON TABLE headrace.event IS
    'The log. Append-only, which a trigger guards; positions are drawn by the column default alone, after the stream is locked. Parted by retention class; each class has indexes of its own.';

-- On for the one statement that moves them, and off after it: no session or transaction is left with it on. Set there, since
-- only a superuser may make it a setting of a function.
DO $$
DECLARE
    named text;
    body text;
BEGIN
    FOREACH named IN ARRAY ARRAY['ensure_event_partition', 'attach_event_partition'] LOOP
        body := pg_get_functiondef(('headrace.' || named)::regproc);
        body := replace(body, 'EXECUTE format(''WITH stray AS (DELETE',
            'PERFORM set_config(''headrace.moves_strays'', ''on'', true); EXECUTE format(''WITH stray AS (DELETE');
        body := replace(body, 'stray'', low, low + size, name);',
            'stray'', low, low + size, name); PERFORM set_config(''headrace.moves_strays'', ''off'', true);');
        body := replace(body, 'partition) USING low, high;',
            'partition) USING low, high; PERFORM set_config(''headrace.moves_strays'', ''off'', true);');
        IF body NOT LIKE '%''on'', true)%''off'', true)%' THEN
            RAISE EXCEPTION 'headrace.% moves strays otherwise than this migration expects', named;
        END IF;
        EXECUTE body;
    END LOOP;
END $$;
