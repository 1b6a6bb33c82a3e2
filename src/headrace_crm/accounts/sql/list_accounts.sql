-- A page of accounts in the order they were first linked, without their tokens; of one owner where one is given.
-- Index: account_pkey, account_owner.
SELECT id, owner_id, provider, email, scopes, status, status_reason, expires_at, linked_at, refreshed_at, unlinked_at
FROM crm.account
WHERE ($1::uuid IS NULL OR owner_id = $1) AND ($2::uuid IS NULL OR id > $2)
ORDER BY id
LIMIT $3
