-- What an owner's scores take for now.
-- Index: owner_pkey.
UPDATE crm.owner SET as_of_kind = $2, as_of_at = $3 WHERE id = $1
