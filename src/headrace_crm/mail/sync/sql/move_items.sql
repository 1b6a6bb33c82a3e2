-- Puts what could not be fetched into a batch of its own.
-- Index: import_item_pkey; the owner is locked.
UPDATE crm.import_item SET batch = $3 WHERE import_id = $1 AND batch = $2 AND provider_id = ANY ($4::text[])
