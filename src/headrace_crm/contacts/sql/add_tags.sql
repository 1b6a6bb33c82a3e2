-- Puts tags on a contact, and returns those it did not have.
-- Index: contact_tag_pkey; the owner is locked.
INSERT INTO crm.contact_tag (contact_id, owner_id, tag, tagged_at)
SELECT contact.id, contact.owner_id, tag, $3 FROM crm.contact, unnest($2::text[]) AS given (tag) WHERE contact.id = $1
ON CONFLICT DO NOTHING RETURNING tag
