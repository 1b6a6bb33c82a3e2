-- Who keeps dead rows from being cleared away, the worst first: sessions with a snapshot, prepared transactions, replication slots.
-- Lock: none; the views are small. Another user's query is told only to a role that may read it.
SELECT kind, name, application, query, age_seconds, xid_age FROM (
    SELECT 'session' AS kind, 'process ' || pid AS name, application_name AS application, left(query, 200) AS query,
           extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start))::float AS age_seconds,
           age(coalesce(backend_xmin, backend_xid))::bigint AS xid_age
    FROM pg_stat_activity
    WHERE coalesce(backend_xmin, backend_xid) IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    UNION ALL
    SELECT 'prepared transaction', gid, owner, NULL, extract(epoch FROM clock_timestamp() - prepared)::float,
           age(transaction)::bigint
    FROM pg_prepared_xacts
    UNION ALL
    SELECT 'replication slot', slot_name, plugin, NULL, NULL,
           greatest(age(xmin), age(catalog_xmin))::bigint
    FROM pg_replication_slots WHERE coalesce(xmin, catalog_xmin) IS NOT NULL
) AS holder
ORDER BY age_seconds DESC NULLS LAST, xid_age DESC LIMIT 20
