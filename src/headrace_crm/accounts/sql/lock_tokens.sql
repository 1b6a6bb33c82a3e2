-- The same, and whoever else would change them waits to the end of the transaction.
-- Index: account_pkey. Lock: the account's row, in the mode that rows referring to it do not wait for.
SELECT owner_id, provider, email, status, status_reason, access_token, refresh_token, expires_at FROM crm.account WHERE id = $1
FOR NO KEY UPDATE
