-- One account, without its tokens.
-- Index: account_pkey.
SELECT id, owner_id, provider, email, scopes, status, status_reason, expires_at, linked_at, refreshed_at, unlinked_at
FROM crm.account WHERE id = $1
