-- How many rows of a build are not as those made by hand, or missing.
-- Index: none; both tables are read once.
SELECT count(*) FROM plain_stats FULL JOIN made_table AS made USING (key)
WHERE (plain_stats.notes, plain_stats.total) IS DISTINCT FROM (made.notes, made.total)
