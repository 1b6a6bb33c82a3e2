-- Everything that was stored can be read.
-- Index: head_pkey.
UPDATE headrace.head SET position = (SELECT max(event.position) FROM headrace.event), settled_at = clock_timestamp()
