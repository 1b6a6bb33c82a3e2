-- Keeps with the proof that a read model holds nothing of an erased subject any more, and which build serves since.
-- Lock: its row (erasure_rebuild_pkey).
UPDATE headrace.erasure_rebuild SET build = $3, rebuilt_at = clock_timestamp() WHERE erasure_id = $1 AND projection = $2
