-- Addresses about which mail says something new.
-- Index: address_stale, in its order; the owner is locked.
SELECT address.email, address.authored_count, address.named_count, address.standing, whose.contact_id,
       decision.person_id AS decided
FROM crm.address
LEFT JOIN crm.contact_address AS whose ON whose.owner_id = address.owner_id AND whose.email = address.email
LEFT JOIN crm.address_decision AS decision ON decision.owner_id = address.owner_id AND decision.email = address.email
WHERE address.owner_id = $1 AND address.is_stale
ORDER BY address.email
LIMIT $2
