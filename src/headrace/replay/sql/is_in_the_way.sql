-- Whether another session waits for a lock that this one holds.
-- Lock: the lock table's own, for as long as it takes to look at those who wait.
SELECT EXISTS (
    SELECT FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted) AS waiting
    WHERE pg_backend_pid() = ANY (pg_blocking_pids(waiting.pid))
)
