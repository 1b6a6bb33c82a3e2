-- Locks a contact against other score jobs, to the end of the transaction.
-- Lock: the contact's row, in the mode that rows referring to it do not wait for.
SELECT owner_id FROM crm.contact WHERE id = $1 FOR NO KEY UPDATE
