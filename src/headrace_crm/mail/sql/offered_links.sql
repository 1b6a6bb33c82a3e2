-- Which threads offer these links.
-- Index: thread_offer_pkey; the owner is locked.
SELECT link, thread_id FROM crm.thread_offer WHERE owner_id = $1 AND link = ANY ($2::uuid[]) ORDER BY thread_id
