-- How far an account's mail is mirrored; its owner and mail address also before anything is.
-- Index: account_pkey, mailbox_pkey.
SELECT account.owner_id, account.email, account.status, mailbox.history_id, mailbox.pass, mailbox.listing, mailbox.page_token,
       mailbox.import_id, mailbox.looked_at, mailbox.watch_expires_at
FROM crm.account LEFT JOIN crm.mailbox ON mailbox.account_id = account.id
WHERE account.id = $1
