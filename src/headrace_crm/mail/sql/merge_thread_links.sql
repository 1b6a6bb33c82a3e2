-- Repoints the links of absorbed threads.
-- Index: thread_link_thread; the owner is locked.
UPDATE crm.thread_link SET thread_id = merged.into_id
FROM unnest($1::bigint[], $2::bigint[]) AS merged (from_id, into_id)
WHERE thread_link.thread_id = merged.from_id
