-- Stores tokens that were sealed anew.
-- Index: account_pkey; the accounts' rows are locked.
UPDATE crm.account SET access_token = new.access_token, refresh_token = new.refresh_token
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS new (id, access_token, refresh_token)
WHERE account.id = new.id
