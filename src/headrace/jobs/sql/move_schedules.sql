-- Moves schedules on from a tick to the next one, and returns those it moved: their ticks are the caller's to enqueue, in this
-- transaction. A schedule that is not at the tick and the revision named has been moved or changed meanwhile and is left alone.
-- Lock: the rows, in order of name; one that is locked is being moved or changed, and is passed over.
WITH move AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::uuid[])
        AS move (name, revision, due_at, next_at, last_at, last_job_id)
), locked AS MATERIALIZED (
    SELECT schedule.name
    FROM headrace.schedule JOIN move ON move.name = schedule.name
    WHERE schedule.next_at = move.due_at AND schedule.revision = move.revision
    ORDER BY schedule.name
    FOR UPDATE OF schedule SKIP LOCKED
)
UPDATE headrace.schedule
SET next_at = move.next_at, last_at = coalesce(move.last_at, schedule.last_at),
    last_job_id = coalesce(move.last_job_id, schedule.last_job_id)
FROM move JOIN locked USING (name)
WHERE schedule.name = move.name AND schedule.next_at = move.due_at AND schedule.revision = move.revision
RETURNING schedule.name
