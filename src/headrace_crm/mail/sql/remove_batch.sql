-- Removes a batch's staged messages, in the transaction that stores them.
-- Index: import_item_pkey.
DELETE FROM crm.import_item WHERE import_id = $1 AND batch = $2
