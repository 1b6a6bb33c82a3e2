-- Accounts whose unlinking was begun and has not ended.
-- Index: account_unlinking.
SELECT id FROM crm.account WHERE status = 'unlinking' ORDER BY id LIMIT $1
