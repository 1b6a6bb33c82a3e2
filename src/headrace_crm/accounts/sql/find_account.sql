-- The account of an address, without its tokens.
-- Index: account_provider_email_key.
SELECT id, owner_id, provider, email, scopes, status, status_reason, expires_at, linked_at, refreshed_at, unlinked_at
FROM crm.account WHERE provider = $1 AND email = $2
