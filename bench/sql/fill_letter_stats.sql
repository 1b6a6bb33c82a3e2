-- Counts an owner's interactions by contact, as the read model of them does.
-- Index: contact_stats_pkey; reads all interactions.
INSERT INTO crm.contact_stats (contact_id, owner_id, sent, received, first_at, last_at, last_sent_at, last_received_at, version)
SELECT contact_id, owner_id, count(*) FILTER (WHERE direction = 'sent'), count(*) FILTER (WHERE direction = 'received'),
       min(occurred_at), max(occurred_at), max(occurred_at) FILTER (WHERE direction = 'sent'),
       max(occurred_at) FILTER (WHERE direction = 'received'), count(*)
FROM crm.interaction
WHERE owner_id = $1
GROUP BY contact_id, owner_id
