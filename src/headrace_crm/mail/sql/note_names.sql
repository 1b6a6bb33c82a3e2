-- Counts the names seen beside addresses.
-- Index: address_name_pkey; the owner is locked.
INSERT INTO crm.address_name (owner_id, email, is_own, name, full_name, seen_count)
SELECT $1, email, is_own, name, full_name, seen
FROM unnest($2::text[], $3::boolean[], $4::text[], $5::text[], $6::bigint[]) AS noted (email, is_own, name, full_name, seen)
ON CONFLICT (owner_id, email, is_own, name) DO UPDATE SET seen_count = address_name.seen_count + excluded.seen_count
