-- Whose message an erasure has to look at next.
-- Index: erasure_message_pkey.
SELECT owner_id FROM crm.erasure_message WHERE erasure_id = $1 ORDER BY is_written, owner_id LIMIT 1
