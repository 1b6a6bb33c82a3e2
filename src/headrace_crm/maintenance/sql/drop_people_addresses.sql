-- Removes what is known of addresses, with the names seen beside them.
-- Index: none for addresses of all owners; once an erasure.
DELETE FROM crm.address WHERE email = ANY ($1::text[])
