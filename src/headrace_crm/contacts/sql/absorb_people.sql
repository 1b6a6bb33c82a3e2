-- Gives the addresses of persons to others.
-- Index: contact_address_contact; the owner is locked.
UPDATE crm.contact_address AS whose SET contact_id = absorbed.into_id
FROM unnest($2::uuid[], $3::uuid[]) AS absorbed (from_id, into_id)
WHERE whose.contact_id = absorbed.from_id AND whose.owner_id = $1
