-- The table that is filled by hand, as the projection's.
-- Index: its primary key.
CREATE TABLE plain_stats (key text PRIMARY KEY, notes bigint NOT NULL, total bigint NOT NULL)
