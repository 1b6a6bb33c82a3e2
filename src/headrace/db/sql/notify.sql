-- Sends one empty hint on each channel, in a transaction whose commit waits for no disk: a hint may be lost.
-- Lock: NOTIFY's own at commit.
SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, '') FROM unnest($1::text[]) AS channel
