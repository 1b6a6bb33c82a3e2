-- Sends one empty hint on each channel.
-- Lock: NOTIFY's own at commit, on a session that holds nothing else.
SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS channel
