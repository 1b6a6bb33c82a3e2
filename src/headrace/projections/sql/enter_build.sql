-- Puts a build's schema first on the search path and passes its gate, waiting where somebody holds it still.
-- Lock: the build's advisory lock, shared, to the end of the transaction; taken before any lane.
SELECT set_config('search_path', quote_ident($1) || ', ' || current_setting('search_path'), true)
FROM pg_advisory_xact_lock_shared(hashtextextended('headrace.projection_build ' || $1, 0))
