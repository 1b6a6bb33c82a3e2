-- The last joining that brought a contact exactly these addresses.
-- Index: contact_merge_contact; the contact is locked.
SELECT id, kept::text, merged::text FROM crm.contact_merge
WHERE contact_id = $1 AND addresses @> $2::text[] AND addresses <@ $2::text[] ORDER BY id DESC LIMIT 1
