-- Binds links to threads; those bound already are bound to the same.
-- Index: thread_link_pkey; the owner is locked.
INSERT INTO crm.thread_link (owner_id, link, thread_id)
SELECT $1, link, thread_id FROM unnest($2::uuid[], $3::bigint[]) AS bound (link, thread_id)
ON CONFLICT (owner_id, link) DO NOTHING
