-- Notes the event that a replay fails at.
-- Lock: the replay's row (replay_pkey).
UPDATE headrace.replay SET last_error = $2::text::jsonb WHERE id = $1
