-- Replays, the newest first; one where its id is given.
-- Index: replay_pkey, backwards; each job's state by its id.
SELECT replay.id, replay.handler, replay.filter::text AS filter, replay.has_effects, replay.batch_size, replay.after, replay.until,
       replay.position, replay.cursor, replay.event_count, replay.withheld::text AS withheld, replay.job_id, replay.actor,
       replay.reason, replay.begun_at, replay.paused_at, replay.ended_at, replay.is_cancelled, replay.last_error::text AS last_error,
       CASE
           WHEN replay.is_cancelled THEN 'cancelled'
           WHEN replay.ended_at IS NOT NULL THEN 'completed'
           WHEN replay.paused_at IS NOT NULL THEN 'paused'
           WHEN job_state.state = 'processing' THEN 'running'
           WHEN job_state.state IN ('pending', 'scheduled') THEN 'waiting'
           ELSE 'failed'
       END AS state
FROM headrace.replay
LEFT JOIN headrace.job_state ON job_state.id = replay.job_id
WHERE $1::uuid IS NULL OR replay.id = $1
ORDER BY replay.id DESC
LIMIT $2
