-- Adds what new messages say about addresses.
-- Index: address_pkey, in order; the owner is locked.
INSERT INTO crm.address (owner_id, email, authored_count, named_count)
SELECT $1, email, authored, named
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS noted (email, authored, named) ORDER BY email
ON CONFLICT (owner_id, email) DO UPDATE
SET authored_count = address.authored_count + excluded.authored_count,
    named_count = address.named_count + excluded.named_count, is_stale = true
