-- Notes that messages were listed in a pass; returns those that were not seen in it before.
-- Index: mailbox_message_pkey; the owner is locked.
INSERT INTO crm.mailbox_message AS known (account_id, provider_id, owner_id, pass)
SELECT $1, unnest($3::text[]), $2, $4
ON CONFLICT (account_id, provider_id) DO UPDATE SET pass = excluded.pass
WHERE known.pass < excluded.pass AND known.gone_at IS NULL
RETURNING provider_id
