-- Sends hints, each on its channel with what it is about or nothing, in a transaction whose commit waits for no disk: a hint may be lost.
-- Lock: NOTIFY's own at commit.
SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, about)
FROM unnest($1::text[], $2::text[]) AS hint (channel, about)
