-- Where the events of claimed ids are, and whether they say the same as those given now; of one that has left the log only where
-- it was, and nobody can say that it said something else.
-- Index: given_id_pkey, then that of positions in each partition the event may be in.
SELECT known.tenant_id, known.id, known.position, event.stream_version, coalesce(event.recorded_at, 'epoch'),
       coalesce(
           event.type = given.type AND event.schema_version = given.schema_version
           AND event.aggregate_type IS NOT DISTINCT FROM given.aggregate_type
           AND event.aggregate_id IS NOT DISTINCT FROM given.aggregate_id
           AND (event.data = given.data::jsonb OR headrace.same_but_erased(event.data, given.data::jsonb)), true
       ) AS is_same,
       event.type, event.schema_version, event.aggregate_type, event.aggregate_id, event.data::text
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[])
    AS given (tenant_id, id, type, schema_version, aggregate_type, aggregate_id, data)
JOIN headrace.given_id AS known ON known.tenant_id = given.tenant_id AND known.id = given.id
LEFT JOIN headrace.event ON event.position = known.position AND event.retention <> 'lifecycle'  -- none has a given id
WHERE known.position IS NOT NULL
