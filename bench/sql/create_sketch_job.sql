-- The jobs table of the sketch: one row that is updated on its way.
-- Index: the primary key here, index_sketch_job for the poll.
CREATE TABLE sketch_job (
    id            uuid PRIMARY KEY,
    type          text NOT NULL,
    data          jsonb NOT NULL,
    status        text NOT NULL DEFAULT 'pending',
    priority      smallint NOT NULL DEFAULT 2,
    attempts      integer NOT NULL DEFAULT 0,
    max_attempts  integer NOT NULL DEFAULT 3,
    scheduled_for timestamptz NOT NULL DEFAULT now(),
    metadata      jsonb,
    result        jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    completed_at  timestamptz
)
