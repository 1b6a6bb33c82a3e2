-- The messages of a batch in order, staged or to be fetched, with what storing them needs.
-- Index: import_item_pkey, import_pkey.
SELECT import.owner_id, import.started_at, item.message_key, item.raw, item.envelope_at, item.is_truncated, item.provider_id
FROM crm.import_item AS item JOIN crm.import ON import.job_id = item.import_id
WHERE item.import_id = $1 AND item.batch = $2
ORDER BY item.number
