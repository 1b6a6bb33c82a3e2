-- Calls a contact what is known better than by mail; NULL: what mail calls it. Tells whether that is another name.
-- Index: contact_pkey; the contact is locked.
UPDATE crm.contact AS contact
SET name = coalesce($2, had.mail_name, had.name),
    mail_name = CASE WHEN $2::text IS NOT NULL THEN coalesce(had.mail_name, had.name) END
FROM (SELECT id, name, mail_name FROM crm.contact WHERE id = $1) AS had
WHERE contact.id = had.id
RETURNING contact.name <> had.name
