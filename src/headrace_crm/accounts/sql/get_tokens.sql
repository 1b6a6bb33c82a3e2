-- An account's state and sealed tokens.
-- Index: account_pkey.
SELECT owner_id, provider, email, status, status_reason, access_token, refresh_token, expires_at FROM crm.account WHERE id = $1
