-- What decides whether a job runs: its run or outcome, its last failure, the pause of its queue, its worker, and who could take it.
-- Index: job_pkey, run_pkey, outcome_pkey, failure_pkey, queue_pkey; run_claim, or run_claim_keyed and those of its key, for those ahead, so many
-- counted at most; worker is small.
WITH body AS MATERIALIZED (
    SELECT job.id, job.kind, job.max_attempts, job.created_at FROM headrace.job WHERE job.id = $1
), living AS MATERIALIZED (
    SELECT run.* FROM headrace.run WHERE run.job_id = $1
), past AS MATERIALIZED (
    SELECT outcome.* FROM headrace.outcome WHERE outcome.job_id = $1
), failed AS MATERIALIZED (
    SELECT failure.attempt, failure.failed_at, failure.error ->> 'type' AS type, failure.error ->> 'message' AS message
    FROM headrace.failure WHERE failure.job_id = $1 ORDER BY failure.lease DESC LIMIT 1
), worker AS MATERIALIZED (
    SELECT worker.*,
           coalesce($3::timestamptz, statement_timestamp()) AS seen_at,
           (SELECT count(*) FROM headrace.run
            WHERE run.worker_id = worker.id AND run.state = 'processing') AS held_count
    FROM headrace.worker
), able AS (
    SELECT count(*) FILTER (WHERE living.queue = ANY (worker.queues)) AS queue_count,
           count(*) FILTER (WHERE living.kind = ANY (worker.kinds)) AS kind_count,
           count(*) FILTER (WHERE living.queue = ANY (worker.queues) AND living.kind = ANY (worker.kinds)) AS both_count,
           sum(worker.concurrency) FILTER (
               WHERE living.queue = ANY (worker.queues) AND living.kind = ANY (worker.kinds)) AS place_count,
           sum(worker.held_count) FILTER (
               WHERE living.queue = ANY (worker.queues) AND living.kind = ANY (worker.kinds)) AS held_count
    FROM living CROSS JOIN worker WHERE worker.stopping_at IS NULL
)
SELECT body.kind, body.max_attempts, coalesce(living.queue, past.queue) AS queue,
       past.state::text AS ended_as, past.ended_at, past.error ->> 'type' AS error_type, past.error ->> 'message' AS error_message,
       living.state::text AS run_state, coalesce(living.attempt, past.attempt) AS attempt, living.run_at, living.claimed_at,
       living.waits_for, living.cancel_requested_by, living.rescue_count, living.worker_id,
       coalesce($3::timestamptz, statement_timestamp()) AS seen_at,
       failed.attempt AS failed_attempt, failed.failed_at, failed.type AS failed_type, failed.message AS failed_message,
       queue.paused_at, queue.paused_by, queue.pause_reason,
       holder.app AS worker_app, holder.host AS worker_host, holder.pid AS worker_pid, holder.stopping_at AS worker_stopping_at,
       holder.id IS NOT NULL AND statement_timestamp() - holder.heartbeat_at < holder.lease_time AND (
           statement_timestamp() - holder.heartbeat_at < $4::interval OR EXISTS (
               SELECT FROM pg_locks
               WHERE pg_locks.locktype = 'advisory' AND pg_locks.classid = 1214603634
                 AND pg_locks.objid = holder.id::integer AND pg_locks.objsubid = 2 AND pg_locks.granted
                 AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
       ) AS is_worker_alive,
       coalesce(able.queue_count, 0) AS queue_count, coalesce(able.kind_count, 0) AS kind_count,
       coalesce(able.both_count, 0) AS both_count, coalesce(able.place_count, 0) AS place_count,
       coalesce(able.held_count, 0)::bigint AS held_count,
       ahead.count AS ahead_count
FROM body
LEFT JOIN living ON true
LEFT JOIN past ON true
LEFT JOIN failed ON true
LEFT JOIN headrace.queue ON queue.name = living.queue
LEFT JOIN worker AS holder ON holder.id = living.worker_id
LEFT JOIN able ON true
CROSS JOIN LATERAL (
    SELECT least(coalesce(sum(part.count), 0), $2::bigint)::bigint AS count
    FROM generate_series(0, living.priority) AS level (priority)
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NULL AND living.limit_key IS NULL
              AND run.queue = living.queue AND run.priority = level.priority
              AND run.run_at <= coalesce($3::timestamptz, statement_timestamp())
              AND (level.priority < living.priority OR (run.run_at, run.job_id) < (living.run_at, living.job_id))
            LIMIT $2
        ) AS row
        UNION ALL
        SELECT count(*) FROM (
            SELECT FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key = living.limit_key
              AND run.queue = living.queue AND run.priority = level.priority
              AND run.run_at <= coalesce($3::timestamptz, statement_timestamp())
              AND (level.priority < living.priority OR (run.run_at, run.job_id) < (living.run_at, living.job_id))
            LIMIT $2
        ) AS row
    ) AS part
) AS ahead
