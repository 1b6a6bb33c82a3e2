-- Takes the lock that tells, for as long as this session lives, that the worker does.
-- Lock: advisory, two keys (0x48656172, "Hear", and the worker's number), for the session.
SELECT pg_advisory_lock(1214603634, $1::bigint::integer)
