-- Repoints the messages of absorbed threads; returns which threads now hold some that people were found in.
-- Index: message_thread; the owner is locked.
WITH moved AS (
    UPDATE crm.message SET thread_id = merged.into_id
    FROM unnest($1::bigint[], $2::bigint[]) AS merged (from_id, into_id)
    WHERE message.thread_id = merged.from_id
    RETURNING message.thread_id, message.extracted_at
)
SELECT thread_id FROM moved WHERE extracted_at IS NOT NULL GROUP BY thread_id ORDER BY thread_id
