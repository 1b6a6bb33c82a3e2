-- How many jobs are dead, counted up to a bound.
-- Index: outcome_dead, so many entries of it.
SELECT count(*) FROM (SELECT FROM headrace.outcome WHERE state = 'dead' LIMIT $1) AS part
