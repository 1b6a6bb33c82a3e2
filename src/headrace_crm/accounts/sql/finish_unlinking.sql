-- Drops the tokens of an account for good.
-- Index: account_pkey; the account's row is locked.
UPDATE crm.account
SET status = 'unlinked', unlinked_at = $2, access_token = NULL, refresh_token = NULL, expires_at = NULL
WHERE id = $1
