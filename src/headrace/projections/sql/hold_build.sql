-- Holds a build still: returns once nobody folds into it, and lets nobody begin before this transaction ends.
-- Lock: the build's advisory lock; of several builds in the order of their names.
SELECT true FROM pg_advisory_xact_lock(hashtextextended('headrace.projection_build ' || $1, 0))
