-- Mailboxes of linked accounts whose watch ends before a moment: a page in the order of their ids.
-- Index: mailbox_pkey in its order, account_pkey.
SELECT mailbox.account_id AS id
FROM crm.mailbox JOIN crm.account ON account.id = mailbox.account_id
WHERE account.status = 'linked' AND ($1::uuid IS NULL OR mailbox.account_id > $1)
  AND (mailbox.watch_expires_at IS NULL OR mailbox.watch_expires_at < $2)
ORDER BY mailbox.account_id
LIMIT $3
