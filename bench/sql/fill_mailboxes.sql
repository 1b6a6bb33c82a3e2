-- Stores accounts of which each is half read; the first holds every message, by labels that have names.
-- Index: account_pkey, import_pkey, mailbox_pkey, mailbox_message_pkey, mailbox_label_pkey.
WITH linked AS MATERIALIZED (
    SELECT number, md5('account ' || number)::uuid AS id, md5('reading ' || number)::uuid AS import_id
    FROM generate_series(1, $2::integer) AS number
), account AS (
    INSERT INTO crm.account (id, owner_id, provider, email, scopes, status, access_token, refresh_token, expires_at, linked_at)
    SELECT id, $1, 'google', 'box-' || number || '@weir.example', '{gmail.readonly}', 'linked', 'sealed', 'sealed',
           $3::timestamptz + interval '1 year', $3
    FROM linked
), reading AS (
    INSERT INTO crm.import (job_id, owner_id, account_id, source, paths, fingerprints, bytes_total, started_at, read_count,
                            new_count, batch_count, batches_done)
    SELECT import_id, $1, id, 'gmail', '{}', '{}', 0, $3, 4000, 1000, 80, 20 FROM linked
), mailbox AS (
    INSERT INTO crm.mailbox (account_id, owner_id, history_id, pass, listing, page_token, import_id, looked_at)
    SELECT id, $1, 7, 1, 'under way', 'more', import_id, $3 FROM linked
), label AS (
    INSERT INTO crm.mailbox_label (owner_id, label_id, account_id, name)
    SELECT $1, 'Label_' || number, (SELECT id FROM linked WHERE linked.number = 1), 'Label ' || number
    FROM generate_series(0, 6) AS number
)
INSERT INTO crm.mailbox_message (account_id, provider_id, owner_id, message_key, labels, pass)
SELECT linked.id, message.id::text, $1, message.message_key, message.labels, 1
FROM linked, crm.message
WHERE linked.number = 1 AND message.owner_id = $1
