-- What these contacts are called, and what their addresses called themselves; not what somebody else is called too.
-- Index: contact_pkey; none for addresses of all owners, asked for once an erasure; address_name_full_name.
WITH seen AS (
    SELECT name, NULL AS full_name FROM crm.contact WHERE id = ANY ($1::uuid[])
    UNION
    SELECT name, full_name FROM crm.address_name WHERE email = ANY ($2::text[])
)
SELECT DISTINCT name FROM seen
WHERE NOT EXISTS (
    SELECT FROM crm.address_name AS other
    WHERE other.is_own AND other.email <> ALL ($2::text[])
      AND (other.full_name = seen.full_name OR lower(other.name) = lower(seen.name))
)
ORDER BY name
