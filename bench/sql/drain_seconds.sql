-- How long the last drain took: first claim to last end, by the database's clock.
-- Index: none; reads the outcomes once, after the drain.
SELECT extract(epoch FROM max(ended_at) - min(claimed_at))::float8 FROM headrace.outcome
