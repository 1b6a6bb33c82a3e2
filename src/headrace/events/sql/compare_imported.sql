-- How many events of an import are known already, and the first whose id stands for other content: both told.
-- Index: given_id_pkey, then event_pkey by position; one row, with no id where none says something else.
WITH known AS (
    SELECT staged.*, claimed.position AS stored_at
    FROM pg_temp.headrace_import AS staged
    JOIN headrace.given_id AS claimed ON claimed.tenant_id = staged.tenant_id AND claimed.id = staged.id
    WHERE staged.is_known
),
compared AS (
    SELECT known.place, known.id, known.stored_at, known.type, known.schema_version, known.aggregate_type,
           known.aggregate_id, known.data,
           coalesce(event.type, earlier.type) AS stored_type,
           coalesce(event.schema_version, earlier.schema_version) AS stored_version,
           coalesce(event.aggregate_type, earlier.aggregate_type) AS stored_aggregate_type,
           coalesce(event.aggregate_id, earlier.aggregate_id) AS stored_aggregate_id,
           coalesce(event.data, earlier.data) AS stored_data
    FROM known
    LEFT JOIN headrace.event ON event.position = known.stored_at AND event.retention <> 'lifecycle'  -- none has a given id
    -- Claimed by this import itself: its first event of that id is what counts.
    LEFT JOIN pg_temp.headrace_import AS earlier
      ON known.stored_at IS NULL AND earlier.tenant_id = known.tenant_id AND earlier.id = known.id AND NOT earlier.is_known
)
SELECT (SELECT count(*) FROM compared), other.id, other.stored_at,
       other.stored_type, other.stored_version, other.stored_aggregate_type, other.stored_aggregate_id, other.stored_data::text,
       other.type, other.schema_version, other.aggregate_type, other.aggregate_id, other.data::text
FROM (SELECT) AS always
LEFT JOIN compared AS other
  ON other.stored_type IS NOT NULL  -- one that has left the log said nothing else, as far as anybody knows
 AND (other.type <> other.stored_type OR other.schema_version <> other.stored_version
  OR other.aggregate_type IS DISTINCT FROM other.stored_aggregate_type
  OR other.aggregate_id IS DISTINCT FROM other.stored_aggregate_id
  OR (other.data <> other.stored_data AND NOT headrace.same_but_erased(other.stored_data, other.data)))
ORDER BY other.place
LIMIT 1
