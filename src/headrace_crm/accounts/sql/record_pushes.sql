-- Notes pushes that were not seen before, of mailboxes that are linked; tells of each given what it is.
-- Index: account_provider_email_key, push_message_pkey. Lock: new ids, in their order.
WITH given AS (
    SELECT pushed.message_id, account.id AS account_id
    FROM unnest($1::text[], $2::text[]) AS pushed (message_id, email)
    LEFT JOIN crm.account ON account.provider = 'google' AND account.email = pushed.email AND account.status = 'linked'
), stored AS (
    INSERT INTO crm.push_message (message_id, account_id, received_at)
    SELECT message_id, account_id, $3 FROM given WHERE account_id IS NOT NULL ORDER BY message_id
    ON CONFLICT (message_id) DO NOTHING
    RETURNING message_id
)
SELECT given.message_id, given.account_id, stored.message_id IS NOT NULL AS is_new
FROM given LEFT JOIN stored ON stored.message_id = given.message_id
