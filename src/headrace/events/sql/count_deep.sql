-- How many events of a correlation lie deep in a cascade, counted up to a limit.
-- Index: event_deep, whose condition is repeated here; it has an entry for such events only.
SELECT count(*)
FROM (
    SELECT FROM headrace.event
    WHERE correlation_id = $1 AND path LIKE E'%\n%\n%\n%'
    LIMIT $2
) AS counted
