-- How many events there are of each type, up to the safe head.
-- Index: none, it counts the whole log; for the end of a demo, not for a screen.
SELECT type, count(*) AS count FROM headrace.event
WHERE position <= (SELECT head.position FROM headrace.head) GROUP BY type ORDER BY type
