-- A page of accounts that have tokens, sealed as they are, held to the end of the transaction.
-- Index: account_pkey. Lock: the accounts' rows, in order of id.
SELECT id, access_token, refresh_token FROM crm.account
WHERE id > $1 AND (access_token IS NOT NULL OR refresh_token IS NOT NULL)
ORDER BY id
LIMIT $2
FOR NO KEY UPDATE
