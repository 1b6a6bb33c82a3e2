-- Notes that the provider has refused an account's tokens for good, and drops them.
-- Index: account_pkey; the account's row is locked.
UPDATE crm.account
SET status = 'needs_sign_in', status_reason = $2, access_token = NULL, refresh_token = NULL, expires_at = NULL
WHERE id = $1
