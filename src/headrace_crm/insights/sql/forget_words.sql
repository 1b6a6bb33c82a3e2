-- Takes the words off insights that rest on messages; the people they are about.
-- Index: insight_owner_id_key_key, for the insights of one owner; lock: the insights' rows.
UPDATE crm.insight SET text = 'its words were forgotten'
WHERE owner_id = $1 AND message_ids && $2::bigint[]
RETURNING contact_id
