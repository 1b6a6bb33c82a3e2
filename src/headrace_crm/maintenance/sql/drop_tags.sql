-- Takes tags from everybody, of whatever owner.
-- Index: none; tags are few. Every owner is locked.
DELETE FROM crm.contact_tag WHERE tag = ANY ($1::text[]) RETURNING tag
