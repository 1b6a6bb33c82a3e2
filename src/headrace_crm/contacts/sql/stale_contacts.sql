-- Contacts whose name or addresses may have changed, as last announced, with whether a name is known better than by mail.
-- Index: contact_stale, in its order; the owner is locked.
SELECT id, coalesce(mail_name, name) AS name, mail_name IS NOT NULL AS is_named, addresses
FROM crm.contact WHERE owner_id = $1 AND is_stale ORDER BY id LIMIT $2
