-- Notes which links threads offer.
-- Index: thread_offer_pkey; the owner is locked.
INSERT INTO crm.thread_offer (owner_id, link, thread_id)
SELECT $1, link, thread_id FROM unnest($2::uuid[], $3::bigint[]) AS offered (link, thread_id)
ON CONFLICT DO NOTHING
