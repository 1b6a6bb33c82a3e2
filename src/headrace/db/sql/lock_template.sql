-- Lets one process make a template at a time.
-- Lock: advisory, until the end of the session.
SELECT pg_advisory_lock(hashtextextended('headrace.template', 0))
