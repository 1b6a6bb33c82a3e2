-- Whether an owner has any contact, scored or not.
-- Index: contact_owner.
SELECT EXISTS (SELECT FROM crm.contact WHERE owner_id = $1)
