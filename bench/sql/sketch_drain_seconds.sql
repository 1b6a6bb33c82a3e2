-- How long the sketch's drain took: first start to last completion, by the database's clock.
-- Index: none; reads the table once, after the drain.
SELECT extract(epoch FROM max(completed_at) - min(started_at))::float8 FROM sketch_job
