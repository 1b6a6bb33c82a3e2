-- Stores what a refresh gave; a refresh token of NULL leaves the one there is.
-- Index: account_pkey; the account's row is locked.
UPDATE crm.account
SET access_token = $2, refresh_token = coalesce($3, refresh_token), expires_at = $4, refreshed_at = $5
WHERE id = $1
