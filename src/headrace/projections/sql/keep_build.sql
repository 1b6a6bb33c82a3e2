-- Whether a build is there, and keeps it there to the end of the transaction.
-- Lock: its row (projection_build_pkey), shared.
SELECT state <> 'dropped' FROM headrace.projection_build WHERE projection = $1 AND build = $2 FOR SHARE
