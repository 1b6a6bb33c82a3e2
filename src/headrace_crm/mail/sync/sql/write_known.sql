-- Writes what is known of messages of a mailbox now; the newest change never goes back.
-- Index: mailbox_message_pkey; the owner is locked. Labels come as JSON lists, since arrays of arrays must be even.
INSERT INTO crm.mailbox_message AS known (account_id, owner_id, pass, provider_id, message_key, history_id, labels, gone_at)
SELECT $1, $2, $3, provider_id, message_key, history_id,
       ARRAY(SELECT jsonb_array_elements_text(labels)), CASE WHEN is_gone THEN $9::timestamptz END
FROM unnest($4::text[], $5::text[], $6::numeric[], $7::jsonb[], $8::boolean[])
    AS written (provider_id, message_key, history_id, labels, is_gone)
ON CONFLICT (account_id, provider_id) DO UPDATE
SET message_key = excluded.message_key, history_id = greatest(known.history_id, excluded.history_id), labels = excluded.labels,
    pass = greatest(known.pass, excluded.pass), gone_at = excluded.gone_at
