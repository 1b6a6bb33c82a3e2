-- Moves the listing of a mailbox on by a page, or to its end.
-- Index: mailbox_pkey; the owner is locked.
UPDATE crm.mailbox SET page_token = $2, import_id = $3, listing = CASE WHEN $4 THEN 'done' ELSE listing END WHERE account_id = $1
