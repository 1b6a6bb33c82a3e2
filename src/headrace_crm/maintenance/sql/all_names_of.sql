-- Everything these contacts are called, and their addresses called themselves or were called.
-- Index: contact_pkey; none for addresses of all owners, asked for once an erasure.
SELECT name FROM crm.contact WHERE id = ANY ($1::uuid[])
UNION
SELECT mail_name FROM crm.contact WHERE id = ANY ($1::uuid[]) AND mail_name IS NOT NULL
UNION
SELECT name FROM crm.address_name WHERE email = ANY ($2::text[])
ORDER BY name
