-- Gives an owner addresses; those known from mail go stale, so that they are judged again. How many were new.
-- Index: owner_address_pkey, address_pkey; the owner's row is locked.
WITH added AS (
    INSERT INTO crm.owner_address (owner_id, email) SELECT $1, unnest($2::text[])
    ON CONFLICT (email) DO NOTHING
    RETURNING email
),
judged_again AS (
    UPDATE crm.address SET is_stale = true FROM added WHERE address.owner_id = $1 AND address.email = added.email
)
SELECT count(*) FROM added
