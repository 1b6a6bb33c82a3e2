-- Repoints the offers of absorbed threads; one that is there already stays alone.
-- Index: thread_offer_thread; the owner is locked.
WITH moved AS (
    DELETE FROM crm.thread_offer AS offer
    USING unnest($1::bigint[], $2::bigint[]) AS merged (from_id, into_id)
    WHERE offer.thread_id = merged.from_id
    RETURNING offer.owner_id, offer.link, merged.into_id
)
INSERT INTO crm.thread_offer (owner_id, link, thread_id) SELECT DISTINCT owner_id, link, into_id FROM moved
ON CONFLICT DO NOTHING
