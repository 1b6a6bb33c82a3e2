-- Takes the lead in a matter if nobody holds it.
-- Lock: advisory, for the session.
SELECT pg_try_advisory_lock(hashtextextended($1, 0))
