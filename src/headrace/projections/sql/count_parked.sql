-- How many streams a build has parked.
-- Index: parked_stream_pkey.
SELECT count(*) FROM headrace.parked_stream WHERE subscription = $1
