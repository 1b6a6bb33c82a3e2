-- What a contact is called by those who know better than mail.

ALTER TABLE crm.contact ADD COLUMN mail_name text;
COMMENT ON COLUMN crm.contact.name IS 'What it is called wherever it is shown: the name of its profile, else the one mail gives.';
COMMENT ON COLUMN crm.contact.mail_name IS 'What mail calls it, where its profile has a name; NULL where `name` is that.';

UPDATE crm.contact SET mail_name = contact.name, name = profile.fields -> 'name' ->> 'value'
FROM crm.contact_profile AS profile
WHERE profile.contact_id = contact.id AND profile.fields -> 'name' ->> 'value' <> '';
