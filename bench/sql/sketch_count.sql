-- How many of the sketch's jobs were completed.
-- Index: none; reads the table once, after the drain.
SELECT count(*) FROM sketch_job WHERE status = 'completed'
