-- The id of the account of an address, locked to the end of the transaction, so that tokens can be sealed for it.
-- Index: account_provider_email_key. Lock: the account's row.
SELECT id FROM crm.account WHERE provider = $1 AND email = $2 FOR NO KEY UPDATE
