-- Claims due jobs of these kinds for a worker, range by range in the order given, and returns them with their bodies. Jobs with a
-- limit key, and those of limited queues, are not seen: `claim_limited_jobs` takes these.
-- Index: run_claim, entered after each range's cursor; FOR UPDATE SKIP LOCKED. The body is joined in a lateral that cannot
-- be flattened, so that the plan stays a nested loop over job_pkey at any batch size. Paused queues are read once, by queue_paused.
WITH range AS MATERIALIZED (
    -- Arrays that are too short end with what is usual.
    SELECT queue, priority, coalesce(after_run_at, '0001-01-02 00:00+00') AS after_run_at,
           coalesce(after_job_id, '00000000-0000-0000-0000-000000000000') AS after_job_id,
           coalesce(age, '0') AS age, coalesce(size, $9) AS size
    FROM unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::uuid[], $5::interval[], $6::integer[])
        AS range (queue, priority, after_run_at, after_job_id, age, size)
    -- Not joins, which would lose the order.
    WHERE queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
      AND '@' || queue <> ALL (ARRAY(SELECT name FROM headrace.limit_rule WHERE name LIKE '@%'))
), picked AS MATERIALIZED (
    SELECT candidate.job_id
    FROM range CROSS JOIN LATERAL (
        SELECT run.job_id
        FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = range.queue AND run.priority = range.priority
          AND (run.run_at, run.job_id) > (range.after_run_at, range.after_job_id)
          AND run.run_at <= coalesce($7::timestamptz, statement_timestamp()) - range.age
          AND run.kind = ANY ($8::text[])
        ORDER BY run.run_at, run.job_id
        LIMIT range.size
        FOR UPDATE SKIP LOCKED
    ) AS candidate
    LIMIT $9
), fence AS MATERIALIZED (
    SELECT nextval('headrace.lease') AS lease WHERE EXISTS (SELECT FROM picked)
), claimed AS (
    UPDATE headrace.run
    SET state = 'processing', attempt = run.attempt + 1, lease = fence.lease, worker_id = $10,
        claimed_at = coalesce($7::timestamptz, statement_timestamp()), has_queue_slot = false,
        unique_key = CASE WHEN run.unique_while = 'waiting' THEN NULL ELSE run.unique_key END
    FROM picked, fence
    WHERE run.job_id = picked.job_id
    RETURNING run.job_id, run.queue, run.priority, run.run_at, run.attempt, run.lease, run.cancel_requested_by
)
SELECT claimed.job_id, body.kind, body.args, claimed.attempt, claimed.lease, body.max_attempts, claimed.queue,
       claimed.priority, claimed.run_at, body.parent_id, body.correlation_id, body.tenant_id, body.user_id, body.actor,
       body.traceparent, body.path, body.metadata, claimed.cancel_requested_by
FROM claimed CROSS JOIN LATERAL (
    SELECT job.kind, job.args::text AS args, job.max_attempts, job.parent_id, job.correlation_id, job.tenant_id,
           job.user_id, job.actor, job.traceparent, job.path, job.metadata::text AS metadata
    FROM headrace.job WHERE job.id = claimed.job_id OFFSET 0
) AS body
ORDER BY claimed.priority, claimed.run_at, claimed.job_id
