-- The mailboxes that were looked at last, a bounded number, for pages that follow them.
-- Index: none; one row a linked mailbox, of which only the first so many are kept while they are sorted.
SELECT account_id FROM crm.mailbox ORDER BY looked_at DESC NULLS LAST, account_id LIMIT $1
