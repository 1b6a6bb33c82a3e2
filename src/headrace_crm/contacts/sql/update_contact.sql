-- Changes what mail calls a contact, and its addresses, which its mail is read in the light of; a name known better stays.
-- Index: contact_pkey; the owner is locked.
UPDATE crm.contact
SET name = CASE WHEN mail_name IS NULL THEN $2 ELSE name END, mail_name = CASE WHEN mail_name IS NULL THEN NULL ELSE $2 END,
    addresses = $3, is_unread = true
WHERE id = $1
