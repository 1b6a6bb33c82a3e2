-- The tags of contacts, in their order.
-- Index: contact_tag_pkey.
SELECT contact_id, tag FROM crm.contact_tag WHERE contact_id = ANY ($1::uuid[]) ORDER BY contact_id, tag
