-- What is left to do for an owner.
-- Index: message_unextracted, message_removed, address_stale, contact_stale, contact_unread, contact_unmatched; the owner's interactions are counted by index.
SELECT
    (SELECT count(*) FROM crm.import WHERE owner_id = $1 AND stored_at IS NULL) AS imports,
    (SELECT count(*) FROM crm.message WHERE owner_id = $1 AND extracted_at IS NULL)
        + (SELECT count(*) FROM crm.message WHERE owner_id = $1 AND is_removed AND extracted_at IS NOT NULL) AS messages,
    (SELECT count(*) FROM crm.address WHERE owner_id = $1 AND is_stale)
        + (SELECT count(*) FROM crm.contact WHERE owner_id = $1 AND is_stale)
        + (SELECT count(*) FROM crm.contact WHERE owner_id = $1 AND is_unread)
        + (SELECT count(*) FROM crm.contact WHERE owner_id = $1 AND is_unmatched) AS addresses,
    (SELECT count(*)
     FROM (SELECT contact_id, count(*) AS made FROM crm.interaction WHERE owner_id = $1 GROUP BY contact_id) AS counted
     LEFT JOIN crm.contact_stats AS stats USING (contact_id)
     WHERE counted.made IS DISTINCT FROM stats.sent + stats.received) AS stats,
    (SELECT count(*)
     FROM crm.contact
     LEFT JOIN crm.contact_stats AS stats ON stats.contact_id = contact.id
     LEFT JOIN crm.contact_score AS score ON score.contact_id = contact.id
     JOIN crm.owner ON owner.id = contact.owner_id
     WHERE contact.owner_id = $1
       AND (score.stats_version IS DISTINCT FROM stats.version OR (owner.as_of_kind <> 'now' AND score.as_of <> $2))) AS scores
