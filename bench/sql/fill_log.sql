-- Stores events of a hundred types and ten thousand streams.
-- Index: those of the partition that is written to.
INSERT INTO headrace.event (id, type, schema_version, tenant_id, aggregate_type, aggregate_id, stream_version, data, source,
                            correlation_id, occurred_at, retention)
SELECT gen_random_uuid(), 'bench.happened_' || number % 100, 1, '', 'thing', (number % 10000)::text, $2::integer + number,
       jsonb_build_object('number', number, 'user', 'user-' || number % 1000, 'note', repeat('n', 90)), 'bench',
       headrace.uuid7(), clock_timestamp(), 'domain'
FROM generate_series(1, $1::integer) AS number
