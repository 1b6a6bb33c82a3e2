-- Makes the table that a replayed handler counts in.
-- Index: its primary key.
CREATE TABLE IF NOT EXISTS tally (key text PRIMARY KEY, count bigint NOT NULL)
