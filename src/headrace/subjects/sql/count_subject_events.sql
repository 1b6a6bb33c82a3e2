-- How many events of each type have values under a key, and the correlations they are of.
-- Index: none; the whole log is looked at.
SELECT type, count(*), array_agg(DISTINCT correlation_id) AS correlations FROM headrace.event
WHERE jsonb_path_exists(data, '$.*."$personal".key ? (@ == $key)', jsonb_build_object('key', $1::bigint), true)
GROUP BY type
