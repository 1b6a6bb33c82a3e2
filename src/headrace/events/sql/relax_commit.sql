-- Lets commits of this session return before they are on disk.
-- Lock: none; a setting of the session.
SET synchronous_commit = off
