-- Locks all that is stored for an owner, to the end of the transaction.
-- Lock: the owner's row, in the mode that rows referring to it do not wait for.
SELECT id FROM crm.owner WHERE id = $1 FOR NO KEY UPDATE
