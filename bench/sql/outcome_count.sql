-- How many jobs were completed.
-- Index: none; reads the outcomes once, after the drain.
SELECT count(*) FROM headrace.outcome WHERE state = 'completed'
