-- Linked accounts nobody has looked at for too long, or at all: a page in the order of their ids.
-- Index: account_pkey in its order, mailbox_pkey.
SELECT account.id, mailbox.account_id IS NOT NULL AS is_begun
FROM crm.account LEFT JOIN crm.mailbox ON mailbox.account_id = account.id
WHERE account.status = 'linked' AND ($1::uuid IS NULL OR account.id > $1)
  AND (mailbox.account_id IS NULL OR mailbox.looked_at <= CASE WHEN mailbox.watch_expires_at > $2::timestamptz THEN $4::timestamptz ELSE $3::timestamptz END)
ORDER BY account.id
LIMIT $5
