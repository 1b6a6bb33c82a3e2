-- The next events after a position, as a plain poller reads them: what commits late with a lower one is never seen.
-- Index: plain_event_pkey.
SELECT position, data::text FROM plain_event WHERE position > $1 ORDER BY position LIMIT 1000
