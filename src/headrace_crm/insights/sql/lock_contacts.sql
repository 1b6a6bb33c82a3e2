-- Holds contacts against removal, and reads them.
-- Lock: contacts in id order, as whoever removes a contact takes them.
SELECT id, name, addresses FROM crm.contact WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE
