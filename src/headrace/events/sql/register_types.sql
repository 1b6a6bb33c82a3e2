-- Notes which event types an app registers, with their schemas, for those who append in plain SQL.
-- Index: event_type_pkey; rows are locked in the order of their names.
INSERT INTO headrace.event_type AS known
    (name, version, schema, json_types, fields, required, is_closed, retention, personal, app, seen_at)
SELECT name, version, schema, json_types, fields, required, is_closed, retention, personal, $2, statement_timestamp()
FROM jsonb_to_recordset($1::text::jsonb) AS new (
    name text, version smallint, schema jsonb, json_types text[], fields jsonb, required text[], is_closed boolean, retention text,
    personal text[]
)
ORDER BY name, version
ON CONFLICT (name, version) DO UPDATE
SET schema = excluded.schema, json_types = excluded.json_types, fields = excluded.fields,
    required = excluded.required, is_closed = excluded.is_closed, retention = excluded.retention,
    personal = excluded.personal, app = excluded.app, seen_at = excluded.seen_at
