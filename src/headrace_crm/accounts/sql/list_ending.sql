-- A page of linked accounts whose access token ends before a moment, the first to end first.
-- Index: account_expiry.
SELECT id, expires_at FROM crm.account
WHERE status = 'linked' AND expires_at < $1 AND (expires_at, id) > ($2, $3)
ORDER BY expires_at, id
LIMIT $4
