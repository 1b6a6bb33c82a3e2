-- Pauses the listing of a mailbox, or lets it go on; a row comes back where that changes anything.
-- Index: mailbox_pkey.
UPDATE crm.mailbox SET listing = $2 WHERE account_id = $1 AND listing NOT IN ($2, 'done') RETURNING account_id
