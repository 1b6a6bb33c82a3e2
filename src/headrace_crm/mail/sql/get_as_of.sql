-- What an owner's scores take for now.
-- Index: owner_pkey.
SELECT as_of_kind, as_of_at FROM crm.owner WHERE id = $1
