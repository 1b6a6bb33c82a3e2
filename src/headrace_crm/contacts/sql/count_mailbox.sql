-- What an owner's mail holds in all.
-- Index: thread_owner, contact_owner, interaction_owner.
SELECT (SELECT count(*) FROM crm.thread WHERE owner_id = $1) AS threads,
       (SELECT count(*) FROM crm.contact WHERE owner_id = $1) AS contacts,
       count(*) FILTER (WHERE direction = 'sent') AS sent,
       count(*) FILTER (WHERE direction = 'received') AS received
FROM crm.interaction WHERE owner_id = $1
