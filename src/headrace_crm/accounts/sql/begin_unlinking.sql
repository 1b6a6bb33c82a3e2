-- From here on nobody gets a token of the account.
-- Index: account_pkey; the account's row is locked.
UPDATE crm.account SET status = 'unlinking', status_reason = NULL WHERE id = $1
