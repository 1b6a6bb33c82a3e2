-- Takes tags from a contact, and returns those it had.
-- Index: contact_tag_pkey; the owner is locked.
DELETE FROM crm.contact_tag WHERE contact_id = $1 AND tag = ANY ($2::text[]) RETURNING tag
