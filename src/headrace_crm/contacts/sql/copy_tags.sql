-- Gives a contact the tags of another as well.
-- Index: contact_tag_pkey; the owner is locked.
INSERT INTO crm.contact_tag (contact_id, owner_id, tag, tagged_at)
SELECT $2, owner_id, tag, tagged_at FROM crm.contact_tag WHERE contact_id = $1
ON CONFLICT DO NOTHING
