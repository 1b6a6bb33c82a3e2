-- Which thread each of these links is bound to.
-- Index: thread_link_pkey; the owner is locked.
SELECT link, thread_id FROM crm.thread_link WHERE owner_id = $1 AND link = ANY ($2::uuid[])
