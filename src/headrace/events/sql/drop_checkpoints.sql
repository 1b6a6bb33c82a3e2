-- Ends a generation of lanes; how many events they have handled together.
-- Lock: the checkpoints' rows, held already. Deleted and not changed: who waits for one must not take it for the old.
WITH gone AS (
    DELETE FROM headrace.checkpoint WHERE subscription = $1 RETURNING event_count
)
SELECT sum(event_count)::bigint FROM gone
