-- Stores a linked account, or links the one of this address again under the id it has; old tokens are replaced.
-- Index: account_provider_email_key.
INSERT INTO crm.account (id, owner_id, provider, email, scopes, status, linked_at, access_token, refresh_token, expires_at)
VALUES ($1, $2, $3, $4, $5, 'linked', $6, $7, $8, $9)
ON CONFLICT (provider, email) DO UPDATE SET
    owner_id = EXCLUDED.owner_id,
    scopes = EXCLUDED.scopes,
    status = 'linked',
    status_reason = NULL,
    linked_at = EXCLUDED.linked_at,
    access_token = EXCLUDED.access_token,
    refresh_token = EXCLUDED.refresh_token,
    expires_at = EXCLUDED.expires_at,
    refreshed_at = NULL,
    unlinked_at = NULL
